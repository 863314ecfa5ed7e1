#include "tools/supervisor/size_limit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "core/sys/sys.h"
#include "tools/supervisor/borrowed.h"

namespace anysplice::tools {
namespace {

thread_local int limited = -1;
thread_local uint64_t limit;

// Where a write begins whose position is that of the descriptor, or the end.
off_t own_position(int fd) {
  struct stat st;
  const bool appends = (fcntl(fd, F_GETFL) & O_APPEND) != 0;
  return appends && fstat(fd, &st) == 0 ? st.st_size : lseek(fd, 0, SEEK_CUR);
}

// Cuts what is to be written to what may be. False, with the signal and errno, if there is no room.
// `at`: -1 for the descriptor's own position.
bool cut(int fd, off_t at, size_t* length) {
  if (fd != limited) return true;
  if (at < 0) at = own_position(fd);
  if (at < 0) return true;
  if (static_cast<uint64_t>(at) >= limit) {
    pthread_kill(pthread_self(), SIGXFSZ);
    errno = EFBIG;
    return false;
  }
  *length = std::min<uint64_t>(*length, limit - static_cast<uint64_t>(at));
  return true;
}

template <typename Write>
ssize_t cut_vector(int fd, const iovec* iov, int count, off_t at, Write write) {
  if (fd != limited || count <= 0) return write(iov, count);
  size_t length = 0;
  for (int i = 0; i < count; ++i) length += iov[i].iov_len;
  if (length > 0 && !cut(fd, at, &length)) return -1;
  std::vector<iovec> kept;
  for (int i = 0; i < count; ++i) {
    kept.push_back({iov[i].iov_base, std::min(iov[i].iov_len, length)});
    length -= kept.back().iov_len;
  }
  return write(kept.data(), count);
}

// The entries of the table that write to files, and those that we put in front of them.
decltype(Sys::write) write_behind;
decltype(Sys::writev) writev_behind;
decltype(Sys::pwrite) pwrite_behind;
decltype(Sys::pwritev) pwritev_behind;
decltype(Sys::splice) splice_behind;
decltype(Sys::sendfile64) sendfile_behind;
decltype(Sys::copy_file_range) copy_behind;

ssize_t write_within(int fd, const void* data, size_t length) {
  return length == 0 || cut(fd, -1, &length) ? write_behind(fd, data, length) : -1;
}

ssize_t pwrite_within(int fd, const void* data, size_t length, off_t at) {
  return length == 0 || cut(fd, at, &length) ? pwrite_behind(fd, data, length, at) : -1;
}

ssize_t writev_within(int fd, const iovec* iov, int count) {
  return cut_vector(fd, iov, count, -1,
                    [fd](const iovec* kept, int n) { return writev_behind(fd, kept, n); });
}

ssize_t pwritev_within(int fd, const iovec* iov, int count, off_t at) {
  return cut_vector(fd, iov, count, at,
                    [fd, at](const iovec* kept, int n) { return pwritev_behind(fd, kept, n, at); });
}

// The kernel's own calls look at the limit once there are bytes: they are the engine's.
ssize_t leave_to_engine() {
  errno = EINVAL;
  return -1;
}

ssize_t splice_within(int in, int64_t* in_at, int out, int64_t* out_at, size_t length,
                      unsigned flags) {
  return out == limited ? leave_to_engine() : splice_behind(in, in_at, out, out_at, length, flags);
}

ssize_t sendfile_within(int out, int in, int64_t* at, size_t length) {
  return out == limited ? leave_to_engine() : sendfile_behind(out, in, at, length);
}

// This one does so first of all, whatever the length, and the position may be a bad address.
ssize_t copy_within(int in, int64_t* in_at, int out, int64_t* out_at, size_t length,
                    unsigned flags) {
  if (out == limited && out_at != bad_address()) {
    if (!cut(out, out_at != nullptr ? *out_at : -1, &length)) return -1;
  }
  return copy_behind(in, in_at, out, out_at, length, flags);
}

}  // namespace

void keep_size_limits() {
  write_behind = std::exchange(sys->write, write_within);
  writev_behind = std::exchange(sys->writev, writev_within);
  pwrite_behind = std::exchange(sys->pwrite, pwrite_within);
  pwritev_behind = std::exchange(sys->pwritev, pwritev_within);
  splice_behind = std::exchange(sys->splice, splice_within);
  sendfile_behind = std::exchange(sys->sendfile64, sendfile_within);
  copy_behind = std::exchange(sys->copy_file_range, copy_within);
}

bool set_size_limit(int fd, uint64_t most) {
  if (write_behind == nullptr) return false;
  limited = fd;
  limit = most;
  return true;
}

void clear_size_limit(int fd) {
  if (fd >= 0 && fd == limited) limited = -1;
}

}  // namespace anysplice::tools
