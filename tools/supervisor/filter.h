// The seccomp filter that has the kernel ask this command what to answer, instead of making a call
// of the splice family (seccomp_unotify(2)).
//
// For a process with one thread, between fork and exec.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_FILTER_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_FILTER_H_

#include "absl/status/statusor.h"
#include "tools/block.h"

namespace anysplice::tools {

// Has these calls notify the descriptor that is returned, close-on-exec; and those that change
// supplementary groups, or ask for packets in a pipe. Of this process and everything it will
// execute. Sets no_new_privs. Fails
// where somebody else listens (EBUSY), and where the kernel cannot keep signals from a caller whose
// bytes are on the way (before Linux 5.19).
absl::StatusOr<int> install_listener(CallSet calls);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_FILTER_H_
