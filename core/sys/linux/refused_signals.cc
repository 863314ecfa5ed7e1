#include "core/sys/linux/refused_signals.h"

#include <string.h>
#include <ucontext.h>

#include "core/sys/sys.h"

namespace anysplice::deferral {
namespace {

void call(const Refused& one, const sigset_t& opened) {
  struct sigaction action {};
  if (sys->sigaction(one.signal, nullptr, &action) != 0 || action.sa_handler == SIG_DFL ||
      action.sa_handler == SIG_IGN) {
    return;
  }
  siginfo_t info{};
  memcpy(&info, one.info, sizeof(one.info));
  ucontext_t context{};
  sigset_t before;
  sys->pthread_sigmask(SIG_BLOCK, &action.sa_mask, &before);
  memcpy(&context.uc_sigmask, &opened, sizeof(opened));
  if ((action.sa_flags & SA_NODEFER) != 0 && sigismember(&action.sa_mask, one.signal) == 0) {
    sigset_t own;
    sigemptyset(&own);
    sigaddset(&own, one.signal);
    sys->pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
  }
  action.sa_sigaction(one.signal, &info, &context);
  sys->pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

}  // namespace

void call_all(const AllRefused& refused, int count, const sigset_t& opened) {
  sigset_t mask = opened;
  for (int i = 0; i < count; ++i) sigaddset(&mask, refused[i].signal);
  sys->pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  for (int i = 0; i < count; ++i) call(refused[i], opened);
}

}  // namespace anysplice::deferral
