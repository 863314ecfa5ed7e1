// Which measurements a run makes, and how its time is shared out among them.
#ifndef ANYSPLICE_TOOLS_BENCH_SCHEDULE_H_
#define ANYSPLICE_TOOLS_BENCH_SCHEDULE_H_

#include <iterator>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/bench/report.h"

namespace anysplice::tools::bench {

struct BenchOptions {
  std::vector<std::string> names;  // of scenarios; empty: all
  std::vector<Side> sides{std::begin(kAllSides), std::end(kAllSides)};
  size_t size = size_t{64} * 1024;
  double seconds = 60;
};

// "64K", "1M", "100": 1 byte to 1 MiB.
absl::StatusOr<size_t> parse_size(absl::string_view text);
// "pipe-pipe,exec". Unknown names are answered with the list of known ones.
absl::StatusOr<std::vector<std::string>> parse_names(absl::string_view list);
// "kernel,rings-on", likewise.
absl::StatusOr<std::vector<Side>> parse_sides(absl::string_view list);
// The names and what they are, for people.
std::string name_list();

// Makes them all. Tells on stderr, if that is a terminal, how far it is.
BenchReport run_schedule(const BenchOptions& options);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_SCHEDULE_H_
