#include <set>

#include "tools/conform/report.h"

namespace conform {
namespace {

constexpr const char* kColumns[] = {"splice", "tee",  "vmsplice", "sendfile", "read",
                                    "write",  "pipe", "watch",    "sequence"};
constexpr size_t kWidth = 13;

std::string padded(std::string text) {
  text.insert(0, kWidth - std::min(kWidth, text.size()), ' ');
  return text;
}

}  // namespace

std::string as_table(const Results& results) {
  std::set<std::string> used;
  for (const auto& [kind, calls] : results.tallies) {
    for (const auto& [call, tally] : calls) used.insert(call);
  }
  std::string text = "Steps that differ, of all steps, by kind of end and call:\n\n" + padded("");
  for (const char* column : kColumns) {
    if (used.contains(column)) text += padded(column);
  }
  text += "\n";
  for (const auto& [kind, calls] : results.tallies) {
    text += kind + std::string(kWidth - std::min(kWidth, kind.size()), ' ');
    for (const char* column : kColumns) {
      if (!used.contains(column)) continue;
      const auto found = calls.find(column);
      if (found == calls.end()) {
        text += padded("-");
        continue;
      }
      const Tally& tally = found->second;
      text += padded(std::to_string(tally.different) + "/" + std::to_string(tally.steps));
    }
    text += "\n";
  }
  std::map<std::string, size_t> reasons;
  for (const Result& one : results.all) {
    if (one.verdict == Verdict::kSkipped) ++reasons[one.reason];
  }
  text += "\n" + std::to_string(results.all.size()) + " cases on " + results.system +
          ", compared with " + results.expected_system + ": " +
          std::to_string(results.count(Verdict::kSame)) + " the same, " +
          std::to_string(results.count(Verdict::kDifferent)) + " different (" +
          std::to_string(results.count_new()) + " new), " +
          std::to_string(results.count(Verdict::kSkipped)) + " skipped\n";
  for (const auto& [reason, times] : reasons) {
    text += "skipped, " + std::to_string(times) + " times: " + reason + "\n";
  }
  return text;
}

}  // namespace conform
