// Trying what a filter may answer by ending the process.
#ifndef ANYSPLICE_TOOLS_IN_CHILD_H_
#define ANYSPLICE_TOOLS_IN_CHILD_H_

#include <optional>

#include "absl/functional/function_ref.h"

namespace anysplice::tools {

// Does it in a child process, and returns the exit status that it gives, from 0 to 255; -1 if a
// signal ended the child; nothing if there could be none.
std::optional<int> in_child(absl::FunctionRef<int()> what);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_IN_CHILD_H_
