// A stretch of engine code that no cancellation ends half-way and no signal handler interrupts.
//
// Deferred, only handlers wait for its end (deferral.h), which is enough for what is private to the
// process, and costs nothing; where that cannot be had signals are blocked. Blocked, no signal does
// anything before: where bytes of a pipe that others have too are on their way between two system
// calls, or a lock is held that other processes wait for. A signal could end the process, or stop
// it. That costs two system calls. SIGSEGV and the other signals of a faulting instruction are
// neither.
#ifndef ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_
#define ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_

#include <errno.h>
#include <signal.h>

#include <initializer_list>

#include "core/sys/deferral.h"
#include "core/sys/sys.h"

namespace anysplice {

enum class Signals { kDeferred, kBlocked };

class CriticalSection {
 public:
  explicit CriticalSection(Signals signals = Signals::kDeferred) : deferred_(deferral::begin()) {
    if (!deferred_) cancellation_.forbid();
    if (signals == Signals::kBlocked || !deferred_) block_signals();
  }
  // Pending signals act here, and a pending cancellation of a thread that may be cancelled anywhere
  // (that of others at the next cancellation point). Whatever a handler does then, nothing of
  // this section is left undone.
  ~CriticalSection() {
    if (deferred_) {
      deferral::end(blocked_ ? &mask_ : nullptr);
      return;
    }
    cancellation_.restore();
    const int kept = errno;
    sys->pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    errno = kept;
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

  // What the signals that were put off so far do to a call that was interrupted by them.
  deferral::Came came() const {
    return deferred_ ? deferral::self.came.load(std::memory_order_relaxed) : deferral::Came::kNone;
  }
  // The same, and of those that are blocked: their handlers run at the end of the section, and a
  // wait after that would not know. A system call.
  deferral::Came came_before_wait() const;

 private:
  const bool deferred_;
  bool blocked_ = false;
  deferral::Cancellation cancellation_;
  sigset_t mask_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_CRITICAL_SECTION_H_
