// The handlers of SIGSEGV and SIGBUS that guarded_copy() needs to copy from and to the program's
// memory at full speed.
//
// A fault in guarded_copy() ends the copy; a fault anywhere else kills the process, as it would
// without us. The handlers are installed at the first copy, only while the program leaves both
// signals alone, and only where its calls of sigaction and sigprocmask are seen (the shim) or it
// promises to make none (allow()). As soon as the program handles one of the signals, active() is
// false for good; and while a thread blocks one, for that thread (core/sys/fault_mask.h).
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
#define ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_

#include <signal.h>

namespace anysplice::fault_guard {

// From now on active() may install the handlers.
void allow();

// Whether the calling thread may use guarded_copy() (core/sys/guarded_copy.h).
bool active();

// Whether the handler of that signal is the guard's.
bool guards(int signal);

// Gives both signals back, for good.
void uninstall();

}  // namespace anysplice::fault_guard

#endif  // ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
