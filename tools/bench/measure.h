// Runs one piece of work on all its sides, in turn, in short slices.
#ifndef ANYSPLICE_TOOLS_BENCH_MEASURE_H_
#define ANYSPLICE_TOOLS_BENCH_MEASURE_H_

#include <vector>

#include "tools/bench/statistics.h"
#include "tools/bench/work.h"

namespace anysplice::tools::bench {

struct Plan {
  size_t rounds;
  double slice;  // seconds; each side has one in every round
  // Each slice in a process of its own, set up for it: for what needs more descriptors than one
  // process can have for all sides.
  bool apart = false;
};

struct SideResult {
  bool ran = false;         // false: no such side here, or `error`
  int error = 0;            // what stopped it
  bool lost = false;        // it crashed or did not come back
  Summary bytes;            // a second
  Summary seconds;          // an operation
  Summary processor;        // seconds of this process and its peers an operation
  Summary switches;         // of context an operation, likewise
  Summary ratio;            // to the kernel's speed in the same round; more is better
  Summary processor_ratio;  // the kernel's processor time an operation divided by this side's
};

struct Result {
  SideResult sides[kSides];
  const SideResult& of(Side side) const { return sides[index_of(side)]; }
};

// In a child process with a time limit: what crashes or hangs there is told, not suffered. Leaves
// out the sides that are not asked for.
Result measure(const Kind& kind, const Setting& setting, const Plan& plan,
               absl::Span<const Side> sides);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_MEASURE_H_
