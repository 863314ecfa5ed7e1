#include <algorithm>
#include <set>

#include "tools/conform/report.h"

namespace conform {
namespace {

constexpr const char* kFirst[] = {"splice", "tee", "vmsplice", "sendfile", "copy_file_range"};
constexpr size_t kWidth = 13;

// To the right, in a column that has room for its name and a gap.
std::string padded(std::string text, const std::string& column) {
  const size_t width = std::max(kWidth, column.size() + 2);
  text.insert(0, width - std::min(width, text.size()), ' ');
  return text;
}

// The calls with a tally: first those that it is about, then all others, whatever there may be.
std::vector<std::string> columns_of(const Tallies& tallies) {
  std::set<std::string> used;
  for (const auto& [kind, calls] : tallies) {
    for (const auto& [call, tally] : calls) used.insert(call);
  }
  std::vector<std::string> columns;
  for (const char* call : kFirst) {
    if (used.erase(call) > 0) columns.emplace_back(call);
  }
  columns.insert(columns.end(), used.begin(), used.end());
  return columns;
}

}  // namespace

std::string as_table(const Results& results) {
  const std::vector<std::string> columns = columns_of(results.tallies);
  std::string text =
      "Steps that differ, of all steps, by kind of end and call:\n\n" + std::string(kWidth, ' ');
  for (const std::string& column : columns) text += padded(column, column);
  text += "\n";
  for (const auto& [kind, calls] : results.tallies) {
    text += kind + std::string(kWidth - std::min(kWidth, kind.size()), ' ');
    for (const std::string& column : columns) {
      const auto found = calls.find(column);
      if (found == calls.end()) {
        text += padded("-", column);
        continue;
      }
      const Tally& tally = found->second;
      text += padded(std::to_string(tally.different) + "/" + std::to_string(tally.steps), column);
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
