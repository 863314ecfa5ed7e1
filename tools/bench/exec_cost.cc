// What the preload adds to the start of a program.
#include <errno.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tools/bench/preload_cost.h"
#include "tools/bench/spawned.h"
#include "tools/status.h"

namespace anysplice::tools::bench {
namespace {

double now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
}

// Microseconds; 0 if it did not end well.
double time_program(const std::string& program, const Environment& environment) {
  const double start = now();
  const pid_t child = spawn({program}, environment, nullptr);
  int status = -1;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) return 0;
  return (now() - start) * 1e6;
}

}  // namespace

absl::StatusOr<ExecCost> measure_exec(const std::string& library, double seconds) {
  ExecCost cost;
  for (const char* path : {"/bin/true", "/usr/bin/true"}) {
    if (access(path, X_OK) == 0) cost.program = path;
  }
  if (cost.program.empty()) return absl::NotFoundError("there is no program 'true' to start");
  const Environment plain("");
  const Environment preloaded(library);
  std::vector<double> without;
  std::vector<double> with;
  const double end = now() + seconds;
  // Not fewer, so that there is something to take the median of.
  constexpr size_t kLeast = 20;
  while (now() < end || with.size() < kLeast) {
    const bool plain_first = with.size() % 2 == 0;
    if (plain_first) without.push_back(time_program(cost.program, plain));
    with.push_back(time_program(cost.program, preloaded));
    if (!plain_first) without.push_back(time_program(cost.program, plain));
    if (without.back() == 0 || with.back() == 0) {
      return absl::FailedPreconditionError("cannot run '" + cost.program + "'");
    }
  }
  cost.difference = summarize(paired_differences(with, without));
  cost.without = summarize(without);
  cost.with = summarize(with);
  return cost;
}

}  // namespace anysplice::tools::bench
