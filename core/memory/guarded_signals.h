// The program's calls of sigaction(2), as far as they concern the fault guard.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_GUARDED_SIGNALS_H_
#define ANYSPLICE_CORE_MEMORY_GUARDED_SIGNALS_H_

#include <signal.h>

namespace anysplice::fault_guard {

// To be called before sigaction(2) takes effect. If it would show the guard's handler in `current`,
// fills in what the program is to see instead and returns true.
bool on_sigaction(int signal, const struct sigaction* wanted, struct sigaction* current);

}  // namespace anysplice::fault_guard

#endif  // ANYSPLICE_CORE_MEMORY_GUARDED_SIGNALS_H_
