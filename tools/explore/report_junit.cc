// The report as JUnit XML: a test case for each failure that was tried, in a suite for each kind of
// call.
#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/explore/markup.h"
#include "tools/explore/report.h"

namespace anysplice::tools {
namespace {

bool is_wrong(const Outcome& outcome) {
  return outcome.verdict != Verdict::kSurvived && outcome.verdict != Verdict::kNotReached;
}

const Finding* finding_at(const Exploration& exploration, const Failure& failure) {
  for (const Finding& finding : exploration.findings) {
    if (finding.failure.spec == failure.spec) return &finding;
  }
  return nullptr;
}

std::string failure_of(const Exploration& exploration, const Outcome& outcome) {
  const Finding* finding = finding_at(exploration, outcome.failure);
  std::string details;
  if (!outcome.complaint.empty()) absl::StrAppend(&details, "it said: ", outcome.complaint, "\n");
  if (finding != nullptr) {
    for (const std::string& line : finding->trial.reused) absl::StrAppend(&details, line, "\n");
    for (const std::string& line : finding->trial.calls) absl::StrAppend(&details, line, "\n");
  }
  absl::StrAppend(&details,
                  finding != nullptr ? repeat(exploration, *finding)
                                     : repeat(exploration, outcome.failure.spec),
                  "\n");
  return absl::StrCat(
      "   <failure",
      attribute("message", absl::StrCat(name_of(outcome.verdict), ": ", outcome.end)),
      attribute("type", name_of(outcome.verdict)), ">", escaped(details), "</failure>\n");
}

std::string case_of(const Exploration& exploration, const Outcome& outcome) {
  const Failure& failure = outcome.failure;
  const std::string opening = absl::StrCat(
      "  <testcase", attribute("classname", absl::StrCat("anysplice.", failure.kind)),
      attribute("name", absl::StrCat(failure.where, ": ", failure.what, " (", failure.spec, ")")),
      attribute("time", absl::StrFormat("%.3f", outcome.took.count())));
  if (outcome.verdict == Verdict::kSurvived) return absl::StrCat(opening, "/>\n");
  return absl::StrCat(opening, ">\n",
                      is_wrong(outcome)
                          ? failure_of(exploration, outcome)
                          : "   <skipped message=\"this time the test did not make the call\"/>\n",
                      "  </testcase>\n");
}

// What the test does wrong without any failure is a case, too.
std::vector<Outcome> outcomes_of(const Exploration& exploration) {
  std::vector<Outcome> outcomes;
  for (const Finding& finding : exploration.findings) {
    if (!finding.failure.spec.empty()) continue;
    outcomes.push_back({finding.failure, finding.verdict, end_of(finding.trial),
                        finding.trial.complaint, finding.trial.took});
  }
  outcomes.insert(outcomes.end(), exploration.outcomes.begin(), exploration.outcomes.end());
  return outcomes;
}

}  // namespace

std::string as_junit(const Exploration& exploration) {
  const std::vector<Outcome> outcomes = outcomes_of(exploration);
  std::map<std::string, std::vector<const Outcome*>> suites;
  for (const Outcome& one : outcomes) suites[one.failure.kind].push_back(&one);
  std::string xml =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"anysplice explore\">\n";
  for (const auto& [kind, members] : suites) {
    const auto failures = std::count_if(members.begin(), members.end(),
                                        [](const Outcome* one) { return is_wrong(*one); });
    const auto skipped = std::count_if(members.begin(), members.end(), [](const Outcome* one) {
      return one->verdict == Verdict::kNotReached;
    });
    absl::StrAppend(&xml, " <testsuite", attribute("name", kind),
                    attribute("tests", absl::StrCat(members.size())),
                    attribute("failures", absl::StrCat(failures)), attribute("errors", "0"),
                    attribute("skipped", absl::StrCat(skipped)), ">\n");
    for (const Outcome* one : members) absl::StrAppend(&xml, case_of(exploration, *one));
    absl::StrAppend(&xml, " </testsuite>\n");
  }
  return absl::StrCat(xml, "</testsuites>\n");
}

}  // namespace anysplice::tools
