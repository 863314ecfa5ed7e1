// Calls of Linux by their numbers, where the C library may lack them or has them under one name
// only. musl: preadv2 and pwritev2 are new in 1.2.5, there is no close_range, and sendfile64 is a
// name of old programs.
//
// Thread-safe and async-signal-safe as the seam is (core/sys/sys.h). No cancellation points; musl's
// splice, tee, vmsplice and sendfile are none either.
#ifndef ANYSPLICE_CORE_SYS_LINUX_BY_NUMBER_H_
#define ANYSPLICE_CORE_SYS_LINUX_BY_NUMBER_H_

#include <sys/syscall.h>

#include "core/sys/sys.h"

namespace anysplice::by_number {

#ifdef SYS_sendfile64
inline constexpr long kSendfile64 = SYS_sendfile64;
#else
inline constexpr long kSendfile64 = SYS_sendfile;
#endif

inline long word(const void* pointer) { return reinterpret_cast<long>(pointer); }
inline long word(size_t length) { return static_cast<long>(length); }

inline ssize_t splice(int in, int64_t* off_in, int out, int64_t* off_out, size_t length,
                      unsigned flags) {
  return sys->syscall(SYS_splice, in, word(off_in), out, word(off_out), word(length),
                      static_cast<long>(flags));
}
inline ssize_t tee(int in, int out, size_t length, unsigned flags) {
  return sys->syscall(SYS_tee, in, out, word(length), static_cast<long>(flags), 0, 0);
}
inline ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  return sys->syscall(SYS_vmsplice, fd, word(iov), word(count), static_cast<long>(flags), 0, 0);
}
inline ssize_t sendfile64(int out, int in, int64_t* offset, size_t count) {
  return sys->syscall(kSendfile64, out, in, word(offset), word(count), 0, 0);
}

inline ssize_t copy_file_range(int in, int64_t* off_in, int out, int64_t* off_out, size_t length,
                               unsigned flags) {
  return sys->syscall(SYS_copy_file_range, in, word(off_in), out, word(off_out), word(length),
                      static_cast<long>(flags));
}

// The kernel puts an offset together from two words, of which it needs one if words are of 64 bits.
inline ssize_t preadv2(int fd, const iovec* iov, int count, off_t offset, int flags) {
  return sys->syscall(SYS_preadv2, fd, word(iov), count, static_cast<long>(offset),
                      static_cast<long>(offset >> 32), flags);
}
inline ssize_t pwritev2(int fd, const iovec* iov, int count, off_t offset, int flags) {
  return sys->syscall(SYS_pwritev2, fd, word(iov), count, static_cast<long>(offset),
                      static_cast<long>(offset >> 32), flags);
}

inline int close_range(unsigned first, unsigned last, int flags) {
  return static_cast<int>(sys->syscall(SYS_close_range, static_cast<long>(first),
                                       static_cast<long>(last), flags, 0, 0, 0));
}

}  // namespace anysplice::by_number

#endif  // ANYSPLICE_CORE_SYS_LINUX_BY_NUMBER_H_
