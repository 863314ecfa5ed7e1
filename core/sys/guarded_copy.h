// A copy that ends early at a bad address, provided that the handlers of SIGSEGV and SIGBUS call
// on_fault().
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_GUARDED_COPY_H_
#define ANYSPLICE_CORE_SYS_GUARDED_COPY_H_

#include <signal.h>
#include <stddef.h>

namespace anysplice {

// Returns the bytes copied: all, or those before the first bad address.
size_t guarded_copy(void* to, const void* from, size_t length);

// To be called by the handler with its arguments. Returns true if the copy caused the fault; the
// handler then has to return at once. (On some systems it does not return in that case.) The signal
// must not be blocked while the handler runs: install it with SA_NODEFER.
bool on_fault(siginfo_t* info, void* context);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_GUARDED_COPY_H_
