#include "core/sys/posix/ask_first.h"

#include <fcntl.h>
#include <limits.h>

#include <algorithm>

#include "core/sys.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/page.h"

// The least that POSIX lets it be, where it is not the same for all pipes (pathconf(3)).
#ifndef PIPE_BUF
#define PIPE_BUF _POSIX_PIPE_BUF
#endif

namespace anysplice::ask_first {
namespace {

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

}  // namespace

ssize_t read(int fd, const iovec* iov, int count) {
  const short now = ready(fd, POLLIN);
  if ((now & (POLLIN | POLLHUP | POLLERR | POLLNVAL)) == 0) return -EAGAIN;
  const ssize_t n = sys->readv(fd, iov, count);
  return n < 0 ? -errno : n;
}

ssize_t write(int fd, const iovec* iov, int count, size_t if_empty) {
  if ((sys->fcntl(fd, F_GETFL, 0) & O_NONBLOCK) != 0) {
    const ssize_t n = sys->writev(fd, iov, count);
    return n < 0 ? -errno : n;
  }
  ssize_t done = 0;
  iovec part[kMaxIov];
  count = std::min(count, kMaxIov);
  size_t total = 0;
  for (int i = 0; i < count; ++i) total += iov[i].iov_len;
  if (if_empty > 0 && kernel_pipe::bytes(fd) == 0) {
    const int n = first_bytes(iov, count, if_empty, part);
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

}  // namespace anysplice::ask_first
