// A copy that a bad address ends, where handlers of SIGSEGV and SIGBUS call on_fault().
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_GUARDED_COPY_H_
#define ANYSPLICE_CORE_SYS_GUARDED_COPY_H_

#include <signal.h>
#include <stddef.h>

namespace anysplice {

// Returns the bytes copied: all, or those before the first bad address.
size_t guarded_copy(void* to, const void* from, size_t length);

// To be called by the handler with what it was given. True if the fault was the copy's: then the
// handler returns at once. (It may also be that this does not return.) The handler's own signal
// must not stay blocked while it runs: SA_NODEFER.
bool on_fault(siginfo_t* info, void* context);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_GUARDED_COPY_H_
