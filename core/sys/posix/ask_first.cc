#include "core/sys/posix/ask_first.h"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>

#include "core/sys/kernel_pipe.h"
#include "core/sys/page.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sys.h"

// The least that POSIX lets it be, where it is not the same for all pipes (pathconf(3)).
#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

namespace anysplice::ask_first {
namespace {

// Describes in `part` up to `length` bytes of iov from `skip` on.
int stretch(const iovec* iov, int count, size_t skip, size_t length, iovec* part) {
  int used = 0;
  for (int i = 0; i < count && length > 0; ++i) {
    const size_t before = std::min(skip, iov[i].iov_len);
    skip -= before;
    const size_t n = std::min(iov[i].iov_len - before, length);
    if (n > 0) part[used++] = {static_cast<char*>(iov[i].iov_base) + before, n};
    length -= n;
  }
  return used;
}

// write() by a descriptor that might wait, of as many iovecs as are worth their stack.
template <int kMost>
[[gnu::noinline]] ssize_t write_waiting(int fd, const iovec* iov, int count, size_t if_empty) {
  ssize_t done = 0;
  iovec part[kMost];
  count = std::min(count, kMost);
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += iov[i].iov_len;
  if (if_empty > 0 && kernel_pipe::bytes(fd) == 0) {
    const int n = stretch(iov, count, 0, if_empty, part);
    done = sys->writev(fd, part, n);
    return done < 0 ? -errno : done;
  }
  while (static_cast<size_t>(done) < total) {
    if (const int error = ready(fd, POLLOUT); error != 0) return done > 0 ? done : error;
    // Whole pieces, so that they fill the system's buffers as one write of all would.
    const int parts = stretch(iov, count, static_cast<size_t>(done), PIPE_BUF, part);
    const ssize_t n = sys->writev(fd, part, parts);
    if (n < 0) return done > 0 ? done : -errno;
    done += n;
  }
  return done;
}

}  // namespace

int ready(int fd, short events) {
  const int n = poll_one(fd, events, 0);
  return n > 0 ? 0 : n == 0 ? -EAGAIN : -errno;
}

ssize_t read(int fd, const iovec* iov, int count) {
  if (const int error = ready(fd, POLLIN); error != 0) return error;
  const ssize_t n = sys->readv(fd, iov, count);
  return n < 0 ? -errno : n;
}

ssize_t write(int fd, const iovec* iov, int count, size_t if_empty) {
  const int flags = sys->fcntl(fd, F_GETFL, 0);
  if (flags >= 0 && (flags & O_NONBLOCK) != 0) {
    const ssize_t n = sys->writev(fd, iov, count);
    return n < 0 ? -errno : n;
  }
  constexpr int kFew = 17;
  return count <= kFew ? write_waiting<kFew>(fd, iov, count, if_empty)
                       : write_waiting<kMaxIov>(fd, iov, count, if_empty);
}

}  // namespace anysplice::ask_first
