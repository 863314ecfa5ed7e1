// The report as SARIF 2.1.0: a result for each finding. There is no line of source to point at: the
// place is the program that was run, and the call as a logical location.
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/explore/report.h"

namespace anysplice::tools {
namespace {

using Json = nlohmann::ordered_json;

// A relative reference to a file, as URIs are written.
std::string uri_of(const std::string& path) {
  std::string uri;
  for (const char c : path) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || absl::string_view("-._~/").find(c) != std::string::npos) {
      uri += c;
    } else {
      absl::StrAppendFormat(&uri, "%%%02X", byte);
    }
  }
  return uri;
}

std::string id_of(const Wrong& wrong) { return absl::StrReplaceAll(wrong.name, {{" ", "-"}}); }

Json rules() {
  Json list = Json::array();
  for (const Wrong& wrong : wrong_verdicts) {
    list.push_back({{"id", id_of(wrong)},
                    {"shortDescription", {{"text", wrong.title}}},
                    {"defaultConfiguration", {{"level", "error"}}}});
  }
  return list;
}

Json result_of(const Exploration& exploration, const Finding& finding, size_t rule) {
  std::string text = sentence(finding);
  if (!finding.trial.complaint.empty()) {
    absl::StrAppend(&text, ". It said: ", finding.trial.complaint);
  }
  absl::StrAppend(&text, ". Repeat with: ", repeat(exploration, finding));
  const Json place = {
      {"physicalLocation",
       {{"artifactLocation", {{"uri", uri_of(exploration.program)}}},
        {"region", {{"startLine", 1}}}}},
      {"logicalLocations",
       Json::array({{{"fullyQualifiedName", finding.failure.where}, {"kind", "function"}}})}};
  return {{"ruleId", id_of(wrong_verdicts[rule])},
          {"ruleIndex", rule},
          {"level", "error"},
          {"message", {{"text", text}}},
          {"locations", Json::array({place})},
          {"partialFingerprints",
           {{"anysplice/v1", absl::StrCat(finding.failure.kind, ": ", finding.failure.what)}}},
          {"properties",
           {{"repeat", repeat(exploration, finding)},
            {"steady", finding.steady},
            {"times", finding.times},
            {"calls", finding.trial.calls},
            {"fewest", finding.fewest}}}};
}

}  // namespace

std::string as_sarif(const Exploration& exploration) {
  Json results = Json::array();
  for (size_t rule = 0; rule < std::size(wrong_verdicts); ++rule) {
    for (const Finding& finding : exploration.findings) {
      if (finding.verdict == wrong_verdicts[rule].verdict) {
        results.push_back(result_of(exploration, finding, rule));
      }
    }
  }
  const Json run = {
      {"tool",
       {{"driver",
         {{"name", "anysplice explore"}, {"version", ANYSPLICE_VERSION}, {"rules", rules()}}}}},
      {"invocations",
       Json::array({{{"executionSuccessful", true}, {"commandLine", exploration.command}}})},
      {"results", results}};
  const Json whole = {{"$schema", "https://json.schemastore.org/sarif-2.1.0.json"},
                      {"version", "2.1.0"},
                      {"runs", Json::array({run})}};
  return whole.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools
