// The report for a program.
#include <nlohmann/json.hpp>

#include "tools/explore/report.h"

namespace anysplice::tools {

std::string as_json(const Exploration& exploration) {
  nlohmann::ordered_json findings = nlohmann::ordered_json::array();
  for (const Wrong& wrong : wrong_verdicts) {
    for (const Finding& finding : exploration.findings) {
      if (finding.verdict != wrong.verdict) continue;
      findings.push_back({{"verdict", wrong.name},
                          {"calls", finding.failure.kind},
                          {"failure", finding.failure.what},
                          {"at", finding.failure.where},
                          {"times", finding.times},
                          {"end", end_of(finding.trial)},
                          {"steady", finding.steady},
                          {"doubt", doubt_about(finding)},
                          {"stderr", finding.trial.complaint},
                          {"reused", finding.trial.reused},
                          {"spec", finding.failure.spec},
                          {"faults", finding.trial.faults.size()},
                          {"fewest", finding.fewest},
                          {"fewest_spec", finding.fewest_spec},
                          {"around", finding.trial.calls},
                          {"repeat", repeat(exploration, finding)}});
    }
  }
  const nlohmann::ordered_json whole = {{"command", exploration.command},
                                        {"clean",
                                         {{"end", end_of(exploration.clean)},
                                          {"seconds", exploration.clean.took.count()},
                                          {"calls", exploration.calls},
                                          {"processes", exploration.processes}}},
                                        {"runs", exploration.runs},
                                        {"tried", exploration.tried},
                                        {"survived", count(exploration, Verdict::kSurvived)},
                                        {"not_reached", count(exploration, Verdict::kNotReached)},
                                        {"not_tried", exploration.not_tried},
                                        {"resumed", exploration.resumed},
                                        {"findings", findings}};
  return whole.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools
