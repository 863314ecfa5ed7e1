// Getting out from under our own library.
#ifndef ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_
#define ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace anysplice::tools {

// With the library preloaded even our direct system calls are answered by it: starts this
// executable over without it, with the command and its words. Returns if it is not preloaded.
void leave_preload(absl::string_view command, absl::Span<char* const> words);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_LEAVE_PRELOAD_H_
