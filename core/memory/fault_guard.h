// The handlers of SIGSEGV and SIGBUS that guarded_copy() needs to copy from and to the program's
// memory at full speed.
//
// A fault in guarded_copy() ends the copy; a fault anywhere else kills the process, as it would
// without us. The handlers are installed at the first copy, only while the program leaves both
// signals alone, and only where its calls of sigaction and sigprocmask are seen (the shim) or it
// promises to make none (allow()). As soon as the program handles or blocks one of the signals,
// active() is false for good.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
#define ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_

#include <signal.h>

namespace anysplice::fault_guard {

// From now on active() may install the handlers.
void allow();

// Whether guarded_copy() may be used (core/sys/guarded_copy.h).
bool active();

// Whether the handler of that signal is the guard's.
bool guards(int signal);

// No copy is guarded any more: a thread blocks one of the signals. Those that others have begun are
// guarded to their ends.
void step_aside();
// Gives both signals back, for good.
void uninstall();

}  // namespace anysplice::fault_guard

#endif  // ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
