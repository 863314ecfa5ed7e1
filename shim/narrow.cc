#include "shim/narrow.h"

#include <errno.h>
#include <limits.h>

#include <algorithm>

#include "core/memory/user_memory.h"
#include "shim/real.h"

namespace anysplice::shim {
namespace {

// A time of the program's as one of the engine's: 0 or -EFAULT. What is too long becomes as long
// as can be told, which is 68 years.
template <typename Wide, typename Time>
int load_time(const Wide* from, Time* to, int64_t Wide::*seconds) {
  if (check_readable(from, sizeof(*from)) != 0) return -EFAULT;
  const int64_t most = LONG_MAX;
  to->tv_sec = static_cast<time_t>(std::clamp(from->*seconds, -most, most));
  return 0;
}

int load(const Timespec64* from, timespec* to) {
  if (load_time(from, to, &Timespec64::tv_sec) != 0) return -EFAULT;
  to->tv_nsec = from->tv_nsec;
  return 0;
}

// Microseconds are carried over into the seconds, as many as there are.
int load(const Timeval64* from, timeval* to) {
  if (load_time(from, to, &Timeval64::tv_sec) != 0) return -EFAULT;
  const int64_t most = LONG_MAX;
  to->tv_usec = static_cast<suseconds_t>(std::clamp(from->tv_usec, -most, most));
  return 0;
}

int refuse(int error) {
  errno = error;
  return -1;
}

}  // namespace

// The kernel's sendfile of 32 bits: it goes no further than where the offset can be told.
ssize_t sendfile_narrow(int out, int in, int32_t* at, size_t count) {
  if (at == nullptr) return anysplice::sendfile(out, in, nullptr, count);
  int64_t offset;
  if (load_offset(at, &offset) != 0) return refuse(EFAULT);
  const auto room = static_cast<size_t>(INT32_MAX - std::max<int64_t>(offset, 0));
  ssize_t moved = anysplice::sendfile(out, in, &offset, std::min(count, room));
  // What is wrong with the descriptors comes first.
  if (room == 0 && count > 0 && (moved == 0 || errno == EINVAL)) moved = refuse(EOVERFLOW);
  const int kept = errno;
  if (store_offset(at, offset) != 0) return refuse(EFAULT);
  errno = kept;
  return moved;
}

int lock_narrow(int fd, int cmd, long arg) {
  static std::atomic<int (*)(int, int, long)> bound;
  return bind(bound, "fcntl")(fd, cmd, arg);
}

int ppoll64(pollfd* fds, nfds_t count, const Timespec64* timeout, const sigset_t* mask) {
  if (timeout == nullptr) return anysplice::ppoll(fds, count, nullptr, mask);
  timespec t;
  if (load(timeout, &t) != 0) return refuse(EFAULT);
  return anysplice::ppoll(fds, count, &t, mask);
}

int pselect64(int nfds, fd_set* r, fd_set* w, fd_set* e, const Timespec64* timeout,
              const sigset_t* mask) {
  if (timeout == nullptr) return anysplice::pselect(nfds, r, w, e, nullptr, mask);
  timespec t;
  if (load(timeout, &t) != 0) return refuse(EFAULT);
  return anysplice::pselect(nfds, r, w, e, &t, mask);
}

// What is left of the time is told.
int select64(int nfds, fd_set* r, fd_set* w, fd_set* e, Timeval64* timeout) {
  if (timeout == nullptr) return anysplice::select(nfds, r, w, e, nullptr);
  timeval t;
  if (load(timeout, &t) != 0) return refuse(EFAULT);
  const timeval before = t;
  const int n = anysplice::select(nfds, r, w, e, &t);
  if (t.tv_sec != before.tv_sec || t.tv_usec != before.tv_usec) {
    const Timeval64 left{t.tv_sec, t.tv_usec};
    const int kept = errno;
    copy_to_user(timeout, &left, sizeof(left));
    errno = kept;
  }
  return n;
}

}  // namespace anysplice::shim
