#include <nlohmann/json.hpp>

#include "tools/conform/report.h"

namespace conform {

using nlohmann::json;

std::string as_json(const Results& results) {
  json differences = json::array(), skipped = json::array(), gone = json::array();
  for (const Result& one : results.all) {
    if (one.is_gone()) gone.push_back(one.item->id);
    if (one.verdict == Verdict::kSkipped) {
      skipped.push_back({{"id", one.item->id}, {"reason", one.reason}});
    }
    if (one.verdict != Verdict::kDifferent) continue;
    const Difference& found = one.difference;
    differences.push_back({{"id", one.item->id},
                           {"known", one.listed},
                           {"call", one.item->call},
                           {"kinds", one.item->kinds},
                           {"property", one.item->topic->property},
                           {"case", one.item->body.name},
                           {"step", found.step},
                           {"after", found.after},
                           {"linux", found.expected},
                           {"came", found.came},
                           {"steps", one.steps},
                           {"steps_that_differ", found.different},
                           {"rests_on", one.item->topic->rests_on}});
  }
  json table;
  for (const auto& [kind, calls] : results.tallies) {
    for (const auto& [call, tally] : calls) {
      table[kind][call] = {{"steps", tally.steps}, {"different", tally.different}};
    }
  }
  const json all = {{"system", results.system},
                    {"expected", results.expected_system},
                    {"cases", results.all.size()},
                    {"same", results.count(Verdict::kSame)},
                    {"new", results.count_new()},
                    {"differences", differences},
                    {"gone", gone},
                    {"in_baseline_but_not_run", results.not_run},
                    {"skipped", skipped},
                    {"steps_by_kind_and_call", table}};
  return all.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
}

}  // namespace conform
