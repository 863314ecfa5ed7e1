// A kernel whose pipes have no RWF_NOWAIT, such as Linux 6.1: the functions of the seam replaced.
// Shared by the tests. To be called once, before the engine is used.
#ifndef ANYSPLICE_TESTS_LACK_NOWAIT_H_
#define ANYSPLICE_TESTS_LACK_NOWAIT_H_

#include <errno.h>
#include <sys/stat.h>
#include <sys/uio.h>

#include "core/sys/sys.h"

inline bool asks_pipe_not_to_wait(int fd, int flags) {
  struct stat file;
  return (flags & RWF_NOWAIT) != 0 && ::fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode);
}

inline void lack_nowait() {
  static const auto real_preadv2 = anysplice::sys_table.preadv2;
  static const auto real_pwritev2 = anysplice::sys_table.pwritev2;
  anysplice::sys_table.preadv2 = [](int fd, const iovec* iov, int count, off_t offset, int flags) {
    if (!asks_pipe_not_to_wait(fd, flags)) return real_preadv2(fd, iov, count, offset, flags);
    errno = EOPNOTSUPP;
    return ssize_t{-1};
  };
  anysplice::sys_table.pwritev2 = [](int fd, const iovec* iov, int count, off_t offset, int flags) {
    if (!asks_pipe_not_to_wait(fd, flags)) return real_pwritev2(fd, iov, count, offset, flags);
    errno = EOPNOTSUPP;
    return ssize_t{-1};
  };
}

#endif  // ANYSPLICE_TESTS_LACK_NOWAIT_H_
