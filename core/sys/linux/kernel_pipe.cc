#include "core/sys/kernel_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>

#include "core/sys.h"
#include "core/sys/page.h"

namespace anysplice::kernel_pipe {
namespace {

// Whether the system knows RWF_NOWAIT on pipes; FIFOs and older kernels do not.
std::atomic<bool> nowait_missing;

bool unknown_flag(int error) { return error == EOPNOTSUPP || error == ENOSYS || error == EPERM; }

// Readiness at this moment, POLLIN and the like; 0 if none.
short ready(int fd, short events) {
  pollfd p{fd, events, 0};
  return sys->poll(&p, 1, 0) > 0 ? p.revents : short{0};
}

// Describes the first `length` bytes of iov in `part`.
int first_bytes(const iovec* iov, int count, size_t length, iovec* part) {
  int used = 0;
  for (int i = 0; i < count && length > 0; ++i) {
    part[used] = {iov[i].iov_base, std::min(iov[i].iov_len, length)};
    length -= part[used++].iov_len;
  }
  return used;
}

// Waits by poll, which no handler restarts.
int poll_for(int fd, short events) {
  pollfd p{fd, events, 0};
  return sys->poll(&p, 1, -1) < 0 ? -errno : 0;
}

}  // namespace

ssize_t bytes(int fd) {
  int n = 0;
  return sys->ioctl(fd, FIONREAD, &n) < 0 ? -errno : n;
}

size_t slots(int fd) {
  const int size = sys->fcntl(fd, F_GETPIPE_SZ, 0);
  return size <= 0 ? 16 : static_cast<size_t>(size) / kPage;
}

uint32_t free_slots(int fd) {
  const size_t all = slots(fd);
  const size_t used = (static_cast<size_t>(std::max<ssize_t>(bytes(fd), 0)) + kPage - 1) / kPage;
  return static_cast<uint32_t>(used < all ? all - used : 1);
}

ssize_t read_now(int fd, const iovec* iov, int count) {
  if (!nowait_missing.load(std::memory_order_relaxed)) {
    const ssize_t n = sys->preadv2(fd, iov, count, -1, RWF_NOWAIT);
    if (n >= 0) return n;
    if (!unknown_flag(errno)) return -errno;
    if (errno != EOPNOTSUPP) nowait_missing.store(true, std::memory_order_relaxed);
  }
  const short now = ready(fd, POLLIN);
  if ((now & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0) return -EAGAIN;
  const ssize_t n = sys->readv(fd, iov, count);
  return n < 0 ? -errno : n;
}

ssize_t write_now(int fd, const iovec* iov, int count) {
  if (!nowait_missing.load(std::memory_order_relaxed)) {
    const ssize_t n = sys->pwritev2(fd, iov, count, -1, RWF_NOWAIT);
    if (n >= 0) return n;
    if (!unknown_flag(errno)) return -errno;
    if (errno != EOPNOTSUPP) nowait_missing.store(true, std::memory_order_relaxed);
  }
  if ((sys->fcntl(fd, F_GETFL, 0) & O_NONBLOCK) != 0) {
    const ssize_t n = sys->writev(fd, iov, count);
    return n < 0 ? -errno : n;
  }
  // A pipe known to be empty takes its capacity, a writable one PIPE_BUF bytes (poll(2), pipe(7)).
  ssize_t done = 0;
  iovec part[kMaxIov];
  count = std::min(count, kMaxIov);
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += iov[i].iov_len;
  if (bytes(fd) == 0) {
    const int n = first_bytes(iov, count, slots(fd) * kPage, part);
    done = sys->writev(fd, part, n);
    return done < 0 ? -errno : done;
  }
  while (static_cast<size_t>(done) < total) {
    const short now = ready(fd, POLLOUT);
    if ((now & (POLLOUT | POLLERR | POLLNVAL)) == 0) break;
    // The bytes from done on, up to PIPE_BUF of them.
    size_t skip = static_cast<size_t>(done);
    int at = 0;
    while (skip >= iov[at].iov_len) skip -= iov[at++].iov_len;
    const iovec rest{static_cast<char*>(iov[at].iov_base) + skip,
                     std::min<size_t>(iov[at].iov_len - skip, PIPE_BUF)};
    const ssize_t n = sys->writev(fd, &rest, 1);
    if (n < 0) return done > 0 ? done : -errno;
    done += n;
  }
  return done > 0 ? done : -EAGAIN;
}

void* nowhere() {
  static std::atomic<void*> page;
  void* now = page.load(std::memory_order_relaxed);
  if (now != nullptr) return now;
  const int kept = errno;
  void* fresh = sys->mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  errno = kept;
  // Without a page of our own the null page serves: nothing is mapped there but on purpose.
  if (fresh == MAP_FAILED) return nullptr;
  if (!page.compare_exchange_strong(now, fresh)) {
    sys->munmap(fresh, kPage);
    return now;
  }
  return fresh;
}

// A read into inaccessible memory waits as any read does, and fails with EFAULT, taking nothing,
// once there is something to read; a write from there likewise.
int wait_readable(int fd, bool restarts) {
  if (!restarts) return poll_for(fd, POLLIN);
  const ssize_t n = sys->read(fd, nowhere(), 1);
  return n >= 0 || errno == EFAULT ? 0 : -errno;
}

int wait_writable(int fd, bool restarts) {
  if (!restarts) return poll_for(fd, POLLOUT);
  const ssize_t n = sys->write(fd, nowhere(), 1);
  return n >= 0 || errno == EFAULT ? 0 : -errno;
}

}  // namespace anysplice::kernel_pipe
