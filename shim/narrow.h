// The calls of programs whose off_t has 32 bits, as words have on their machine, and those of
// programs whose time_t has 64 bits where the engine's has 32. Where words have 64 bits there is
// nothing to do.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_SHIM_NARROW_H_
#define ANYSPLICE_SHIM_NARROW_H_

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/select.h>

#include "core/calls/engine.h"

namespace anysplice::shim {

// What off_t is to a program that asks for nothing.
#ifdef __GLIBC__
using Offset = __off_t;
#else
using Offset = off_t;
#endif
inline constexpr bool kNarrow = sizeof(Offset) < sizeof(int64_t);

ssize_t sendfile_narrow(int out, int in, int32_t* at, size_t count);
int lock_narrow(int fd, int cmd, long arg);

// sendfile(2), whose twin sendfile64 has wide offsets everywhere.
inline ssize_t sendfile(int out, int in, Offset* at, size_t count) {
  if constexpr (kNarrow) return sendfile_narrow(out, in, reinterpret_cast<int32_t*>(at), count);
  return anysplice::sendfile(out, in, reinterpret_cast<int64_t*>(at), count);
}

// fcntl(2). The engine goes on to fcntl64, which takes all commands alike but these: libc widens
// what their argument points to.
inline int fcntl(int fd, int cmd, long arg) {
#ifdef F_OFD_GETLK
  if constexpr (kNarrow) {
    if (cmd == F_OFD_GETLK || cmd == F_OFD_SETLK || cmd == F_OFD_SETLKW) {
      return lock_narrow(fd, cmd, arg);
    }
  }
#endif
  return anysplice::fcntl(fd, cmd, arg);
}

// The file offset that preadv2(2) and its kin have in two registers.
inline int64_t offset_of(long low, long high) {
  if constexpr (sizeof(long) == sizeof(int64_t)) return low;
  return static_cast<int64_t>(static_cast<uint64_t>(high) << 32 | static_cast<uint32_t>(low));
}

struct Timespec64 {
  int64_t tv_sec;
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  int32_t unused;
  int32_t tv_nsec;
#else
  int32_t tv_nsec;
  int32_t unused;
#endif
};

struct Timeval64 {
  int64_t tv_sec;
  int64_t tv_usec;
};

int ppoll64(pollfd* fds, nfds_t count, const Timespec64* timeout, const sigset_t* mask);
int select64(int nfds, fd_set* r, fd_set* w, fd_set* e, Timeval64* timeout);
int pselect64(int nfds, fd_set* r, fd_set* w, fd_set* e, const Timespec64* timeout,
              const sigset_t* mask);

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_NARROW_H_
