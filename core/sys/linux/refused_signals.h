// Signals that were put off (deferral.h) and that the system does not let a thread send itself: a
// sandbox, RLIMIT_SIGPENDING, the POSIX platform. Their handlers are called from here, on this
// stack. A thread's own affair, and async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_LINUX_REFUSED_SIGNALS_H_
#define ANYSPLICE_CORE_SYS_LINUX_REFUSED_SIGNALS_H_

#include <signal.h>

#include "core/sys/deferral.h"

namespace anysplice::deferral {

struct Refused {
  int signal;
  char info[Noted::kInfo];
};
using AllRefused = Refused[Thread::kPlaces];

// Calls the handlers of so many; `opened` is the mask that the program has, with more closed now.
// Those of the same numbers that wait in the kernel come after them.
void call_all(const AllRefused& refused, int count, const sigset_t& opened);

}  // namespace anysplice::deferral

#endif  // ANYSPLICE_CORE_SYS_LINUX_REFUSED_SIGNALS_H_
