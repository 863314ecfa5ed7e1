// Running something that may crash or hang.
#ifndef ANYSPLICE_TOOLS_BENCH_CONTAINED_H_
#define ANYSPLICE_TOOLS_BENCH_CONTAINED_H_

#include "absl/functional/function_ref.h"

namespace anysplice::tools::bench {

// Runs it in a child process that is killed after so many seconds, or with this process. Whether
// it came to its end.
bool run_contained(double seconds, absl::FunctionRef<void()> body);

}  // namespace anysplice::tools::bench

#endif  // ANYSPLICE_TOOLS_BENCH_CONTAINED_H_
