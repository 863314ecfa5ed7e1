// A stretch of engine code that must not be left half-way: no signal handler runs in it (one could
// longjmp out, or use the very pipe we are changing) and no cancellation acts in it. SIGSEGV and
// the other signals of a faulting instruction stay open.
#ifndef ANYSPLICE_CORE_SECTION_H_
#define ANYSPLICE_CORE_SECTION_H_

#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "core/sys.h"

namespace anysplice {

class Section {
 public:
  Section() { enter(); }
  ~Section() { leave(); }
  Section(const Section&) = delete;
  Section& operator=(const Section&) = delete;

  void enter() {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &cancel_state_);
    sigset_t all;
    sigfillset(&all);
    for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT, SIGSYS}) {
      sigdelset(&all, fault);
    }
    sys->pthread_sigmask(SIG_BLOCK, &all, &mask_);
  }
  // Pending signals and a pending cancellation act here.
  void leave() {
    const int kept = errno;
    sys->pthread_sigmask(SIG_SETMASK, &mask_, nullptr);
    errno = kept;
    pthread_setcancelstate(cancel_state_, nullptr);
  }

 private:
  sigset_t mask_;
  int cancel_state_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SECTION_H_
