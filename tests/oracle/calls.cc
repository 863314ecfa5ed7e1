#include "tests/oracle/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>

#include "core/memory/fault_guard.h"
#include "core/policy/mode.h"
#include "tools/kernel_calls.h"
#include "tools/kernel_lacks.h"

namespace oracle {
namespace {

namespace kernel = anysplice::tools::kernel;

// musl has had it since 1.2.5 only.
ssize_t kernel_preadv2(int fd, const iovec* iov, int count, int64_t offset, int flags) {
  return syscall(SYS_preadv2, fd, iov, count, static_cast<long>(offset),
                 static_cast<long>(offset >> 32), flags);
}

int kernel_fcntl(int fd, int cmd, long arg) { return ::fcntl(fd, cmd, arg); }
int kernel_ioctl(int fd, unsigned long request, void* arg) { return ::ioctl(fd, request, arg); }
void kernel_expose(int, anysplice::SettleReason) {}

constexpr Calls kKernelCalls = {
    .splice = kernel::splice,
    .tee = kernel::tee,
    .vmsplice = kernel::vmsplice,
    .sendfile = kernel::sendfile,
    .pipe2 = ::pipe2,
    .dup = ::dup,
    .dup2 = ::dup2,
    .dup3 = ::dup3,
    .close = ::close,
    .fcntl = kernel_fcntl,
    .ioctl = kernel_ioctl,
    .read = ::read,
    .readv = ::readv,
    .preadv2 = kernel_preadv2,
    .write = ::write,
    .writev = ::writev,
    .poll = ::poll,
    .ppoll = ::ppoll,
    .select = ::select,
    .pselect = ::pselect,
    .epoll_ctl = ::epoll_ctl,
    .sendmsg = ::sendmsg,
    .fork = ::fork,
    .expose = kernel_expose,
};

constexpr Calls kEngineCalls = {
    .splice = anysplice::splice,
    .tee = anysplice::tee,
    .vmsplice = anysplice::vmsplice,
    .sendfile = anysplice::sendfile,
    .pipe2 = anysplice::pipe2,
    .dup = anysplice::dup,
    .dup2 = anysplice::dup2,
    .dup3 = anysplice::dup3,
    .close = anysplice::close,
    .fcntl = anysplice::fcntl,
    .ioctl = anysplice::ioctl,
    .read = anysplice::read,
    .readv = anysplice::readv,
    .preadv2 = anysplice::preadv2,
    .write = anysplice::write,
    .writev = anysplice::writev,
    .poll = anysplice::poll,
    .ppoll = anysplice::ppoll,
    .select = anysplice::select,
    .pselect = anysplice::pselect,
    .epoll_ctl = anysplice::epoll_ctl,
    .sendmsg = anysplice::sendmsg,
    .fork = anysplice::fork,
    .expose = anysplice::expose,
};

}  // namespace

const char* name_of(Side side) {
  switch (side) {
    case Side::kKernel:
      return "kernel";
    case Side::kRings:
      return "engine, rings on";
    case Side::kNoRings:
      return "engine, rings off";
  }
  return "?";
}

const Calls& take_side(Side side) {
  if (side == Side::kKernel) return kKernelCalls;
  const char* mode = getenv("ORACLE_MODE");
  anysplice::set_mode(mode != nullptr && std::string_view(mode) == "auto"
                          ? anysplice::Mode::kAuto
                          : anysplice::Mode::kEmulate,
                      ENOSYS);
  anysplice::allow_rings(side == Side::kRings);
  // As the preload object does; without, memory is copied as the library copies it.
  if (side == Side::kRings) anysplice::fault_guard::allow();
  return kEngineCalls;
}

bool kernel_lacks(anysplice::Call call) {
  using anysplice::Call;
  static const int errors[anysplice::kCalls] = {
      kernel::lacks(Call::kSplice), kernel::lacks(Call::kTee), kernel::lacks(Call::kVmsplice),
      kernel::lacks(Call::kSendfile)};
  const int error = errors[static_cast<size_t>(call)];
  return error == ENOSYS || error == EPERM || error == EOPNOTSUPP;
}

}  // namespace oracle
