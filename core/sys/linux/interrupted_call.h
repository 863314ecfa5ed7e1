// A system call that a signal handler interrupted, and that the kernel is about to make again
// (SA_RESTART).
#ifndef ANYSPLICE_CORE_SYS_LINUX_INTERRUPTED_CALL_H_
#define ANYSPLICE_CORE_SYS_LINUX_INTERRUPTED_CALL_H_

#include <ucontext.h>

namespace anysplice {

// If the interrupted code is just before a call that moves bytes, and may sleep, makes it fail with
// EINTR instead: the handler that was put off must not wait for the sleep's end. (A call that would
// have been the first of its kind fails too: as good as interrupted at once.) Elsewhere than on
// x86-64 and AArch64 does nothing. Async-signal-safe.
void end_interrupted_call(ucontext_t* interrupted);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_LINUX_INTERRUPTED_CALL_H_
