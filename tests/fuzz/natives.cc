#include "tests/fuzz/natives.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include "core/sys.h"

namespace fuzz {
namespace {

// What was in the seam before.
decltype(anysplice::Sys::splice) real_splice;
decltype(anysplice::Sys::tee) real_tee;
decltype(anysplice::Sys::vmsplice) real_vmsplice;
decltype(anysplice::Sys::sendfile64) real_sendfile64;
decltype(anysplice::Sys::preadv2) real_preadv2;
decltype(anysplice::Sys::pwritev2) real_pwritev2;
unsigned chosen;
std::atomic<uint32_t>* calls;

template <typename... Args>
ssize_t answer(int call, ssize_t (*native)(Args...), Args... args) {
  switch (chosen >> 2 * call & 3) {
    case 1:
      errno = ENOSYS;
      return -1;
    case 2:
      errno = EPERM;
      return -1;
    case 3:
      if ((calls->fetch_add(1) * 2654435761u >> 20 & 1) == 0) break;
      errno = EINVAL;
      return -1;
  }
  return native(args...);
}

// preadv2 or pwritev2, of pipes.
template <typename Native>
ssize_t without_nowait(Native native, int fd, const iovec* iov, int count, off_t offset,
                       int flags) {
  struct stat file;
  if ((flags & RWF_NOWAIT) != 0 && ::fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode)) {
    errno = EOPNOTSUPP;
    return -1;
  }
  return native(fd, iov, count, offset, flags);
}

}  // namespace

void set_natives(unsigned natives, std::atomic<uint32_t>* counter) {
  chosen = natives;
  calls = counter;
  real_splice = anysplice::sys_table.splice;
  anysplice::sys_table.splice = [](int in, off64_t* off_in, int out, off64_t* off_out, size_t len,
                                   unsigned flags) {
    return answer(0, real_splice, in, off_in, out, off_out, len, flags);
  };
  real_tee = anysplice::sys_table.tee;
  anysplice::sys_table.tee = [](int in, int out, size_t len, unsigned flags) {
    return answer(1, real_tee, in, out, len, flags);
  };
  real_vmsplice = anysplice::sys_table.vmsplice;
  anysplice::sys_table.vmsplice = [](int fd, const iovec* iov, size_t count, unsigned flags) {
    return answer(2, real_vmsplice, fd, iov, count, flags);
  };
  real_sendfile64 = anysplice::sys_table.sendfile64;
  anysplice::sys_table.sendfile64 = [](int out, int in, off64_t* offset, size_t count) {
    return answer(3, real_sendfile64, out, in, offset, count);
  };
  if ((natives & 0x400) == 0) return;
  real_preadv2 = anysplice::sys_table.preadv2;
  anysplice::sys_table.preadv2 = [](int fd, const iovec* iov, int count, off_t offset, int flags) {
    return without_nowait(real_preadv2, fd, iov, count, offset, flags);
  };
  real_pwritev2 = anysplice::sys_table.pwritev2;
  anysplice::sys_table.pwritev2 = [](int fd, const iovec* iov, int count, off_t offset, int flags) {
    return without_nowait(real_pwritev2, fd, iov, count, offset, flags);
  };
}

}  // namespace fuzz
