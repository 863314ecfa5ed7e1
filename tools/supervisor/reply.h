// Answers to notifications.
//
// Thread-safe. As the program's thread waits uninterruptibly, no signal comes between the answer
// and what was done for it.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_REPLY_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_REPLY_H_

#include <stdint.h>
#include <sys/types.h>

#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {

// result: what the call returns, or -errno.
void reply(int listener, uint64_t id, long result);

// The kernel makes the call itself after all.
void let_kernel_make_it(int listener, uint64_t id);

// The thread sees to its signals: a handler with SA_RESTART, or none, has it make the call again
// from the start, another one ends it with EINTR. Nothing must have been moved. `child`: of all
// processes the one whose end somebody else waits for.
void reply_for_signal(int listener, uint64_t id, pid_t thread, Signals signals, pid_t child);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_REPLY_H_
