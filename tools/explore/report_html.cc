// The report as one page that needs nothing else.
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/explore/markup.h"
#include "tools/explore/report.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHead =
    R"(<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"/><title>anysplice explore</title>
<style>
body { font: 16px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
pre { background: #f4f4f4; padding: .6em; overflow-x: auto; }
td, th { text-align: left; padding: 0 1.5em 0 0; }
h3 { margin-bottom: .2em; }
.fault { background: #ffd9d0; }
</style></head><body>
)";

std::string calls_of(const Finding& finding) {
  if (finding.trial.calls.empty()) return "";
  std::string out = "<p>The calls around it:</p>\n<pre>";
  for (const std::string& line : finding.trial.calls) {
    const bool fault = line.find("   <- ") != std::string::npos;
    absl::StrAppend(&out, fault ? "<span class=\"fault\">" : "", escaped(line),
                    fault ? "</span>\n" : "\n");
  }
  return absl::StrCat(out, "</pre>\n");
}

std::string section(const Exploration& exploration, const Finding& finding) {
  std::string out = absl::StrCat("<h3>", escaped(sentence(finding)), "</h3>\n");
  if (!finding.trial.complaint.empty()) {
    absl::StrAppend(&out, "<p>It said: <code>", escaped(finding.trial.complaint), "</code></p>\n");
  }
  for (const std::string& reused : finding.trial.reused) {
    absl::StrAppend(&out, "<p>", escaped(reused), "</p>\n");
  }
  if (!finding.fewest.empty()) {
    absl::StrAppend(&out, "<p>Of ", finding.trial.faults.size(), " faults ", finding.fewest.size(),
                    finding.fewest.size() == 1 ? " is" : " are", " enough: <code>",
                    escaped(absl::StrJoin(finding.fewest, "; ")), "</code></p>\n");
  }
  return absl::StrCat(out, calls_of(finding), "<p>To repeat it:</p>\n<pre>",
                      escaped(repeat(exploration, finding)), "</pre>\n");
}

}  // namespace

std::string as_html(const Exploration& exploration) {
  std::string out = absl::StrCat(kHead, "<h1>", escaped(exploration.command), "</h1>\n<table>\n");
  const auto row = [&out](absl::string_view what, size_t number) {
    absl::StrAppend(&out, "<tr><th>", what, "</th><td>", number, "</td></tr>\n");
  };
  row("calls", exploration.calls);
  row("processes", exploration.processes);
  row("runs", exploration.runs);
  row("failures tried", exploration.tried);
  row("survived", count(exploration, Verdict::kSurvived));
  row("not reached", count(exploration, Verdict::kNotReached));
  row("not tried", exploration.not_tried);
  row("findings", exploration.findings.size());
  absl::StrAppend(&out, "</table>\n");
  if (exploration.findings.empty()) {
    absl::StrAppend(&out, "<p>The test survives everything that was tried.</p>\n");
  }
  for (const Wrong& wrong : wrong_verdicts) {
    if (count(exploration, wrong.verdict) == 0) continue;
    absl::StrAppend(&out, "<h2>", escaped(wrong.title), "</h2>\n");
    for (const Finding& finding : exploration.findings) {
      if (finding.verdict == wrong.verdict) absl::StrAppend(&out, section(exploration, finding));
    }
  }
  return absl::StrCat(out, "</body></html>\n");
}

}  // namespace anysplice::tools
