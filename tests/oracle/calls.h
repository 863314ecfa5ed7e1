// The sides the oracle suite compares: the kernel's calls and, set up in two ways, the engine's.
#ifndef ANYSPLICE_TESTS_ORACLE_CALLS_H_
#define ANYSPLICE_TESTS_ORACLE_CALLS_H_

#include "tools/call_table.h"

namespace oracle {

enum class Side { kKernel, kRings, kNoRings };
inline constexpr int kSides = 3;

const char* name_of(Side side);

using Calls = anysplice::tools::CallTable;

// The calls of one side; sets the engine up for it. To be called once, in the process of the case.
const Calls& take_side(Side side);

// Whether the kernel of this machine lacks the call (ENOSYS, or refused to us). Asked once.
bool kernel_lacks(anysplice::Call call);

}  // namespace oracle

#endif  // ANYSPLICE_TESTS_ORACLE_CALLS_H_
