// process_vm_readv(2) and process_vm_writev(2), of this process itself.
#include "core/sys/system_copy.h"

#include <sys/syscall.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice::system_copy {
namespace {

// rt_sigprocmask(2) reads, or writes, eight bytes of the caller's memory and answers EFAULT if it
// cannot. With a `how` that does not exist it changes nothing. Every libc needs it, so no sandbox
// takes it away.
constexpr long kKernelSigset = 8;

ssize_t answer(ssize_t n) {
  if (n >= 0) return n;
  return errno == EFAULT ? -EFAULT : -ENOSYS;
}

}  // namespace

bool readable(const void* from) {
  constexpr long kNoSuchHow = -1;
  const KeepErrno keep;
  sys->syscall(SYS_rt_sigprocmask, kNoSuchHow, reinterpret_cast<long>(from), 0, kKernelSigset, 0,
               0);
  return errno != EFAULT;
}

// rt_sigpending(2) is content with a part of the set.
bool writable(void* to, size_t size) {
  const KeepErrno keep;
  const auto where = reinterpret_cast<long>(to);
  if (size < kKernelSigset) {
    return sys->syscall(SYS_rt_sigpending, where, static_cast<long>(size), 0, 0, 0, 0) == 0;
  }
  return sys->syscall(SYS_rt_sigprocmask, SIG_BLOCK, 0, where, kKernelSigset, 0, 0) == 0;
}

ssize_t from_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count) {
  return answer(sys->process_vm_readv(sys->getpid(), ours, our_count, theirs, their_count, 0));
}

ssize_t to_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count) {
  return answer(sys->process_vm_writev(sys->getpid(), ours, our_count, theirs, their_count, 0));
}

}  // namespace anysplice::system_copy
