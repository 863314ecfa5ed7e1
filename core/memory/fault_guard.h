// Copying from and to addresses of the program's at full speed, with a fault caught.
//
// The handlers of SIGSEGV and SIGBUS that guarded_copy() needs: a fault in it ends the copy, a
// fault anywhere else kills the process as it would without us. The handlers are installed at the
// first copy, only while the program leaves both signals alone, and only where its calls of
// sigaction and sigprocmask are seen (the shim) or it promises to make none (allow()). As soon as
// it installs or blocks one of them, active() is false for good.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
#define ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_

#include <signal.h>

namespace anysplice::fault_guard {

// From now on active() may install the handlers.
void allow();

// Whether guarded_copy() may be used (core/sys/guarded_copy.h).
bool active();

// The program's calls of sigaction(2) and sigprocmask(2), as far as they concern the guard: told
// before they happen. `current`, if not null, is filled in where the guard's handler must not show,
// and true is returned.
bool on_sigaction(int signal, const struct sigaction* wanted, struct sigaction* current);
void on_sigmask(int how, const sigset_t* set);

}  // namespace anysplice::fault_guard

#endif  // ANYSPLICE_CORE_MEMORY_FAULT_GUARD_H_
