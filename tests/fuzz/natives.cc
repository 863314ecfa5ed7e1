#include "tests/fuzz/natives.h"

#include "core/sys/sys.h"
#include "tests/lack_nowait.h"

namespace fuzz {
namespace {

// What was in the seam before.
decltype(anysplice::Sys::splice) real_splice;
decltype(anysplice::Sys::tee) real_tee;
decltype(anysplice::Sys::vmsplice) real_vmsplice;
decltype(anysplice::Sys::sendfile64) real_sendfile64;
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
  if ((natives & 0x400) != 0) lack_nowait();
}

}  // namespace fuzz
