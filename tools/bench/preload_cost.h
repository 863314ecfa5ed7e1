// What it costs a program to have the library preloaded: each call that is no business of the
// library's, and each start of a program.
#ifndef ANYSPLICE_TOOLS_BENCH_PRELOAD_COST_H_
#define ANYSPLICE_TOOLS_BENCH_PRELOAD_COST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/bench/statistics.h"

namespace anysplice::tools::bench {

// Nanoseconds a call, of processes with and without the preload that take turns.
struct CallCost {
  Summary without;
  Summary with;
  Summary difference;  // paired
  // Within the preloaded process: the function the program gets, less libc's own. The same of the
  // other process shows what such a measurement is worth.
  Summary inside;
  Summary inside_without;
};

struct PassThrough {
  CallCost read;   // one byte of /dev/zero
  CallCost write;  // one byte to /dev/null
};

absl::StatusOr<PassThrough> measure_pass_through(const std::string& library, double seconds);

// Microseconds from spawning a program that does nothing to its end.
struct ExecCost {
  std::string program;
  Summary without;
  Summary with;
  Summary difference;
};

absl::StatusOr<ExecCost> measure_exec(const std::string& library, double seconds);

// The process that measure_pass_through() starts: this executable with `bench`, this word, and how
// far behind libc's start its read and its write are (0: not known).
inline constexpr absl::string_view kCallTimer = "--time-calls";
int time_calls(absl::string_view read, absl::string_view write);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_PRELOAD_COST_H_
