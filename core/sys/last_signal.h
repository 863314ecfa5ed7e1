// The highest number that a signal can have. Threads and signal handlers may ask.
#ifndef ANYSPLICE_CORE_SYS_LAST_SIGNAL_H_
#define ANYSPLICE_CORE_SYS_LAST_SIGNAL_H_

#include <signal.h>

namespace anysplice {

// NSIG is not in POSIX, and on FreeBSD leaves out the real-time signals; SIGRTMAX is, but systems
// without real-time signals lack it, and on Linux it is a call.
inline int last_signal() {
#if defined(SIGRTMAX) && !(defined(__linux__) && defined(NSIG))
  return SIGRTMAX;
#else
  return NSIG - 1;
#endif
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_LAST_SIGNAL_H_
