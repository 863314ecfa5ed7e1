// A stretch of engine code that no cancellation ends half-way and, if need be, no signal handler
// interrupts.
//
// Handlers must stay out wherever bytes are on their way between two system calls, or a lock is
// held that other processes wait for: one could longjmp away. Blocking them costs two system calls,
// so work on a ring, whose lock a handler can tell from its own (lock.h), leaves them open. SIGSEGV
// and the other signals of a faulting instruction are never blocked.
#ifndef ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_
#define ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include <initializer_list>

#include "core/sys/sys.h"

namespace anysplice {

enum class Signals { kBlocked, kOpen };

class CriticalSection {
 public:
  explicit CriticalSection(Signals signals = Signals::kBlocked) {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_);
    if (signals == Signals::kBlocked) block_signals();
  }
  // Pending signals and a pending cancellation act here.
  ~CriticalSection() {
    if (blocked_) {
      const int kept = errno;
      sys->pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
      errno = kept;
    }
    pthread_setcancelstate(cancel_state_, nullptr);
  }
  CriticalSection(const CriticalSection&) = delete;
  CriticalSection& operator=(const CriticalSection&) = delete;

  // From here to the end of the section.
  void block_signals() {
    if (blocked_) return;
    sigset_t all;
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&all, fault);
    }
    sys->pthread_sigmask(SIG_BLOCK, &all, &mask_);
    blocked_ = true;
  }

 private:
  bool blocked_ = false;
  int cancel_state_;
  sigset_t mask_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_
