// What cannot be asked is known of new pipes, and waiting is by poll(2).
#include "core/sys/kernel_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>

#include <atomic>
#include <bit>

#include "core/keep_errno.h"
#include "core/sys.h"
#include "core/sys/page.h"
#include "core/sys/posix/ask_first.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"

namespace anysplice::kernel_pipe {
namespace {

// What a pipe of one's own takes until a write of it would wait.
size_t measure() {
  int fd[2];
  if (sys->pipe(fd) != 0) return 0;
  size_t taken = 0;
  if (sys->fcntl(fd[1], F_SETFL, O_NONBLOCK) == 0) {
    const char page[kPage] = {};
    // No pipe is larger than that by itself.
    constexpr size_t kMost = 1 << 20;
    for (ssize_t n = 1; n > 0 && taken<kMost; taken += n> 0 ? static_cast<size_t>(n) : 0) {
      n = sys->write(fd[1], page, sizeof(page));
    }
  }
  for (int end : fd) sys->close(end);
  return taken;
}

// Whether every signal handler there is has SA_RESTART: which of them has ended a wait is not said.
bool handlers_restart() {
#ifdef SIGRTMAX
  const int last = SIGRTMAX;
#else
  const int last = NSIG - 1;
#endif
  for (int signal = 1; signal <= last; ++signal) {
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

size_t slots(int) {
  static std::atomic<size_t> known;
  size_t now = known.load(std::memory_order_relaxed);
  if (now != 0) return now;
  const KeepErrno keep;
  const size_t bytes = measure();
  // A ring wants a power of two. Linux's, if no descriptor is free to ask with.
  if (bytes == 0) return 16;
  now = bytes < kPage ? 1 : std::bit_floor(bytes / kPage);
  known.store(now, std::memory_order_relaxed);
  return now;
}

bool enlarge(int, size_t) { return false; }

bool opens_ends() { return false; }

// Not opened, but found: a pipe has no name. Programs with more descriptors than that are rare, and
// each is a question to the system.
int open_end(int fd, int mode) {
  constexpr int kMost = 1024;
  struct stat pipe;
  if (sys->fstat(fd, &pipe) != 0) return -1;
  for (int other = 0; other < kMost; ++other) {
    const int flags = sys->fcntl(other, F_GETFL, 0);
    if (flags < 0 || ((flags & O_ACCMODE) != mode && (flags & O_ACCMODE) != O_RDWR)) continue;
    struct stat st;
    if (sys->fstat(other, &st) != 0 || !S_ISFIFO(st.st_mode)) continue;
    if (st.st_dev == pipe.st_dev && st.st_ino == pipe.st_ino) {
      return sys->fcntl(other, F_DUPFD_CLOEXEC, 0);
    }
  }
  return -1;
}

ssize_t read_now(int fd, const iovec* iov, int count) { return ask_first::read(fd, iov, count); }
ssize_t write_now(int fd, const iovec* iov, int count) {
  return ask_first::write(fd, iov, count, 0);
}

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

}  // namespace anysplice::kernel_pipe
