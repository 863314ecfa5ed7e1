// Carrying out a call for a thread of the program: its arguments fetched, the engine's call made,
// and what came of it brought back.
//
// Thread-safe: one thread for each call. It waits, if need be, on the program's own descriptors; a
// signal handler without SA_RESTART ends that with EINTR.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_CALL_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_CALL_H_

#include <linux/seccomp.h>

#include <optional>

#include "core/policy/mode.h"
#include "tools/supervisor/target.h"

namespace anysplice::tools {

// Which call of the family a notification is of, if any.
std::optional<Call> call_of(const seccomp_data& data);

struct Answer {
  long result = 0;  // or -errno
  // The errno with which the system kept from us what the call needs: nothing was done.
  int refused = 0;
  // What it waited for is a socket with a timeout: that wait does not begin anew after a signal.
  bool ends_with_time = false;
};

Answer carry_out(Target& target, Call call, const seccomp_data& data);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_CALL_H_
