// The sides a benchmark compares: the same loop over different tables of functions.
#ifndef ANYSPLICE_TOOLS_BENCH_SIDES_H_
#define ANYSPLICE_TOOLS_BENCH_SIDES_H_

#include <stddef.h>

#include "tools/call_table.h"

namespace anysplice::tools::bench {

enum class Side {
  kKernel,   // the system's own calls
  kRings,    // the engine, pipes in private rings
  kNoRings,  // the engine, every byte through the kernel's pipe
  kCopies,   // the plainest emulation: read() into a buffer, write() it out
  kLoop,     // no pipe at all: the read/write loop a program would have instead
};
inline constexpr Side kAllSides[] = {Side::kKernel, Side::kRings, Side::kNoRings, Side::kCopies,
                                     Side::kLoop};
inline constexpr size_t kSides = 5;

inline constexpr size_t index_of(Side side) { return static_cast<size_t>(side); }

const char* name_of(Side side);

using Calls = CallTable;

// The functions of one side; sets the engine up for pipes made from now on. Before every slice.
const Calls& take_side(Side side);

// Why the kernel here does not answer this call: the errno, 0 if it does.
int kernel_lacks(Call call);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_SIDES_H_
