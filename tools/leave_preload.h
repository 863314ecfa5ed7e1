// Leaving the process into which our own library is preloaded.
#ifndef ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_
#define ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace anysplice::tools {

// If the library is preloaded into this process, it answers even our direct system calls. Then
// executes this program again without the library, with the same command and words. Otherwise
// returns.
void leave_preload(absl::string_view command, absl::Span<char* const> words);

// The same for a command that starts programs: when it returns, LD_PRELOAD is as it was given, and
// is for them.
void leave_preload_to_programs(absl::string_view command, absl::Span<char* const> words);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_
