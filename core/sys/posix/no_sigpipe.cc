#include "core/sys/posix/no_sigpipe.h"

#include <signal.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice {

ssize_t send_without_sigpipe(int fd, const msghdr* message, int flags) {
  sigset_t pipe;
  sigset_t pending;
  sigset_t mask;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  sigemptyset(&pending);
  sigpending(&pending);
  // One that waits already is the program's own.
  const bool was_pending = sigismember(&pending, SIGPIPE) == 1;
  sys->pthread_sigmask(SIG_BLOCK, &pipe, &mask);
  const ssize_t n = sys->sendmsg(fd, message, flags);
  const KeepErrno keep;
  if (n < 0 && errno == EPIPE && !was_pending) {
    sigemptyset(&pending);
    sigpending(&pending);
    int taken;
    if (sigismember(&pending, SIGPIPE) == 1) sigwait(&pipe, &taken);
  }
  sys->pthread_sigmask(SIG_SETMASK, &mask, nullptr);
  return n;
}

}  // namespace anysplice
