#include "tests/fuzz/natives.h"

#include "core/sys.h"

namespace fuzz {
namespace {

anysplice::Sys real;
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
  real = anysplice::sys_table;
  anysplice::sys_table.splice = [](int in, off64_t* off_in, int out, off64_t* off_out, size_t len,
                                   unsigned flags) {
    return answer(0, real.splice, in, off_in, out, off_out, len, flags);
  };
  anysplice::sys_table.tee = [](int in, int out, size_t len, unsigned flags) {
    return answer(1, real.tee, in, out, len, flags);
  };
  anysplice::sys_table.vmsplice = [](int fd, const iovec* iov, size_t count, unsigned flags) {
    return answer(2, real.vmsplice, fd, iov, count, flags);
  };
  anysplice::sys_table.sendfile64 = [](int out, int in, off64_t* offset, size_t count) {
    return answer(3, real.sendfile64, out, in, offset, count);
  };
}

}  // namespace fuzz
