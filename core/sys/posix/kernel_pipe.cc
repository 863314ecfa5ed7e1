// What cannot be asked is known of new pipes, and waiting is by poll(2).
#include "core/sys/kernel_pipe.h"

#include <errno.h>
#include <fcntl.h>

#include <atomic>
#include <bit>

#include "core/base/keep_errno.h"
#include "core/sys/page.h"
#include "core/sys/posix/ask_first.h"
#include "core/sys/posix/by_poll.h"
#include "core/sys/sys.h"

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
    ssize_t n = 1;
    while (n > 0 && taken < kMost) {
      n = sys->write(fd[1], page, sizeof(page));
      if (n > 0) taken += static_cast<size_t>(n);
    }
  }
  for (int end : fd) sys->close(end);
  return taken;
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

size_t slots_if_pipe(int fd) {
  const KeepErrno keep;
  struct stat st;
  return sys->fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode) ? slots(fd) : 0;
}

int readable(int fd) {
  pollfd p{fd, POLLIN, 0};
  const int n = sys->poll(&p, 1, 0);
  if (n < 0) return -errno;
  return (p.revents & POLLIN) != 0 ? 0 : n > 0 ? -ENODATA : -EAGAIN;
}

bool enlarge(int, size_t) { return false; }

bool opens_ends() { return false; }

// Not opened, but found: a pipe has no name. Programs with more descriptors than that are rare, and
// each is a question to the system.
int open_end(int fd, int mode, bool) {
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

int wait_readable(int fd, bool restarts, unsigned) { return by_poll::wait_readable(fd, restarts); }
int wait_writable(int fd, bool restarts, unsigned) { return by_poll::wait_writable(fd, restarts); }

}  // namespace anysplice::kernel_pipe
