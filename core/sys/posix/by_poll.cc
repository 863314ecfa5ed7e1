#include "core/sys/posix/by_poll.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/sys/last_signal.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"

namespace anysplice::by_poll {
namespace {

// Whether every signal handler there is has SA_RESTART: which of them has ended a wait is not said.
bool handlers_restart() {
  for (int signal = 1; signal <= last_signal(); ++signal) {
    struct sigaction now;
    if (sys->sigaction(signal, nullptr, &now) != 0) continue;
    const bool handled = (now.sa_flags & SA_SIGINFO) != 0 ||
                         (now.sa_handler != SIG_DFL && now.sa_handler != SIG_IGN);
    if (handled && (now.sa_flags & SA_RESTART) == 0) return false;
  }
  return true;
}

// How long a wait in place of a read, or a write, may be.
int patience(int fd, bool restarts) {
  if (!restarts) return -1;
  const int flags = sys->fcntl(fd, F_GETFL, 0);
  return flags >= 0 && (flags & O_NONBLOCK) != 0 ? 0 : -1;
}

// 0, -ETIMEDOUT or -EINTR.
int wait_for(int fd, short events, int milliseconds, bool restarts) {
  for (;;) {
    const int n = poll_one(fd, events, milliseconds);
    if (n >= 0) return n > 0 ? 0 : -ETIMEDOUT;
    if (errno != EINTR) return -errno;
    if (!restarts || !handlers_restart()) return -EINTR;
  }
}

// Past notices in the error queue, which are no reason to go on: as long as there are any, looks
// now and then.
int wait_past_notices(int socket, short events, int milliseconds, bool restarts) {
  constexpr int kNowAndThen = 10;
  for (int left = milliseconds; left != 0;) {
    pollfd p{socket, events, 0};
    const int n = sys->poll(&p, 1, 0);
    if (n < 0) return -errno;
    if (n > 0 && p.revents != POLLERR) return 0;
    if (const int error = n > 0 ? sockets::option(socket, SO_ERROR, 0) : 0; error > 0)
      return -error;
    const int slice = n > 0 && (left < 0 || left > kNowAndThen) ? kNowAndThen : left;
    const int woken = sys->poll(n > 0 ? nullptr : &p, n > 0 ? 0 : 1, slice);
    if (woken < 0 && (errno != EINTR || !restarts || !handlers_restart())) return -errno;
    if (woken == 0 && left > 0) left -= slice;
  }
  return -ETIMEDOUT;
}

// poll does not say of every socket that its peer will read no more, nor that a part would go
// (Linux says neither of a unix socket that is more than half full). So the next attempt finds out,
// now and then; with a limit of time, which is for the whole wait, a send of nothing.
int wait_for_room(int socket, timeval limit, bool restarts) {
  constexpr long kNowAndThen = 100;
  if (limit.tv_sec == 0 && limit.tv_usec == 0) {
    const int error = wait_for(socket, POLLOUT, kNowAndThen, restarts);
    return error == -ETIMEDOUT ? 0 : error;
  }
  for (long left = limit.tv_sec * 1000 + limit.tv_usec / 1000; left > 0; left -= kNowAndThen) {
    const long slice = left < kNowAndThen ? left : kNowAndThen;
    const int error = wait_for(socket, POLLOUT, static_cast<int>(slice), restarts);
    if (error != -ETIMEDOUT) return error;
    const msghdr nothing{};
    const KeepErrno keep;
    const bool fails =
        sockets::send(socket, &nothing, {.wait = false, .more = false, .quiet = true}) < 0;
    if (fails && errno != EAGAIN && errno != EWOULDBLOCK) return 0;  // the next attempt tells
  }
  return -EAGAIN;
}

}  // namespace

int wait_readable(int fd, bool restarts) {
  const int error = wait_for(fd, POLLIN, patience(fd, restarts), restarts);
  return error == -ETIMEDOUT ? -EAGAIN : error;
}

int wait_writable(int fd, bool restarts) {
  timeval limit{};
  socklen_t size = sizeof(limit);
  const KeepErrno keep;
  if (sys->getsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, &size) == 0) {
    return wait_for_room(fd, limit, restarts);
  }
  const int error = wait_for(fd, POLLOUT, patience(fd, restarts), restarts);
  return error == -ETIMEDOUT ? -EAGAIN : error;
}

int wait_for_socket(int socket, short events, bool restarts, unsigned vain) {
  timeval limit{};
  socklen_t size = sizeof(limit);
  const int option = (events & POLLOUT) != 0 ? SO_SNDTIMEO : SO_RCVTIMEO;
  const KeepErrno keep;
  int milliseconds = -1;
  if (sys->getsockopt(socket, SOL_SOCKET, option, &limit, &size) == 0 &&
      (limit.tv_sec != 0 || limit.tv_usec != 0)) {
    constexpr time_t kMost = 1'000'000;
    milliseconds = static_cast<int>(std::min<time_t>(limit.tv_sec, kMost) * 1000 +
                                    (limit.tv_usec + 999) / 1000);
    restarts = false;
  }
  const int error = vain == 0 ? wait_for(socket, events, milliseconds, restarts)
                              : wait_past_notices(socket, events, milliseconds, restarts);
  return error == -ETIMEDOUT ? -EAGAIN : error;
}

}  // namespace anysplice::by_poll
