// The calls of the family as the kernel's own, by number: past libc and past anything that is
// preloaded.
#ifndef ANYSPLICE_TOOLS_KERNEL_CALLS_H_
#define ANYSPLICE_TOOLS_KERNEL_CALLS_H_

#include <stdint.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

namespace anysplice::tools::kernel {

inline ssize_t splice(int in, int64_t* in_at, int out, int64_t* out_at, size_t n, unsigned flags) {
  return syscall(SYS_splice, in, in_at, out, out_at, n, flags);
}

inline ssize_t tee(int in, int out, size_t n, unsigned flags) {
  return syscall(SYS_tee, in, out, n, flags);
}

inline ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  return syscall(SYS_vmsplice, fd, iov, count, flags);
}

inline ssize_t sendfile(int out, int in, int64_t* at, size_t n) {
#ifdef SYS_sendfile64
  return syscall(SYS_sendfile64, out, in, at, n);
#else
  return syscall(SYS_sendfile, out, in, at, n);
#endif
}

inline ssize_t copy_file_range(int in, int64_t* in_at, int out, int64_t* out_at, size_t n,
                               unsigned flags) {
  return syscall(SYS_copy_file_range, in, in_at, out, out_at, n, flags);
}

}  // namespace anysplice::tools::kernel

#endif  // ANYSPLICE_TOOLS_KERNEL_CALLS_H_
