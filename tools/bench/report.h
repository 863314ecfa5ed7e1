// What a run of the benchmark found, and its three forms.
#ifndef ANYSPLICE_TOOLS_BENCH_REPORT_H_
#define ANYSPLICE_TOOLS_BENCH_REPORT_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/bench/measure.h"
#include "tools/bench/preload_cost.h"

namespace anysplice::tools::bench {

enum class Group { kScenarios, kThreads, kSharing, kPipes, kSizes };
inline constexpr Group kAllGroups[] = {Group::kScenarios, Group::kThreads, Group::kSharing,
                                       Group::kPipes, Group::kSizes};
absl::string_view title_of(Group group);

struct Row {
  Group group;
  const Kind* kind;
  Setting setting;
  Result result;
};

struct BenchReport {
  std::string system;  // "Linux 6.1.0 x86_64"
  long processors;
  Plan plan;
  size_t size;  // of the scenarios
  std::vector<Row> rows;
  std::optional<PassThrough> pass_through;
  std::optional<ExecCost> exec;
  std::vector<std::string> problems;  // what could not be measured, and why
};

// "file -> TCP", "4 KiB", "100 pipes", ...: a row's name within its group.
std::string label_of(const Row& row);
// ", together", ", apart", or nothing.
absl::string_view suffix_of(Placement placement);
// "64 KiB".
std::string size_name(size_t bytes);
// "1.93 GB/s", "0.37 us", or what prevented it.
std::string absolute(const Kind& kind, const SideResult& result);
// "1.02 (0.98-1.10)", or what prevented it.
std::string ratio(const SideResult& result);
// Why there is no result: "-" if nothing was tried.
std::string hindrance(const SideResult& result);

std::string as_table(const BenchReport& report);
std::string as_json(const BenchReport& report);
std::string as_html(const BenchReport& report);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_REPORT_H_
