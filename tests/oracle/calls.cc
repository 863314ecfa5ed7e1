#include "tests/oracle/calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <initializer_list>
#include <string_view>

#include "core/memory/fault_guard.h"
#include "core/policy/mode.h"
#include "tools/kernel_calls.h"

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

// Tries the call in a way that every kernel which has it answers with success.
bool try_and_miss(anysplice::Call call) {
  int a[2], b[2];
  if (::pipe2(a, O_CLOEXEC) != 0 || ::pipe2(b, O_CLOEXEC) != 0) return true;
  char byte = 'x';
  iovec iov = {&byte, 1};
  int zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC);
  ssize_t n = ::write(a[1], &byte, 1);
  switch (call) {
    case anysplice::Call::kSplice:
      n = kernel::splice(a[0], nullptr, b[1], nullptr, 1, SPLICE_F_NONBLOCK);
      break;
    case anysplice::Call::kTee:
      n = kernel::tee(a[0], b[1], 1, SPLICE_F_NONBLOCK);
      break;
    case anysplice::Call::kVmsplice:
      n = kernel::vmsplice(b[1], &iov, 1, SPLICE_F_NONBLOCK);
      break;
    case anysplice::Call::kSendfile:
      n = kernel::sendfile(b[1], zero, nullptr, 1);
      break;
  }
  const bool missing = n < 0 && (errno == ENOSYS || errno == EPERM || errno == EOPNOTSUPP);
  for (int fd : {a[0], a[1], b[0], b[1], zero}) ::close(fd);
  return missing;
}

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
  static const bool missing[anysplice::kCalls] = {
      try_and_miss(anysplice::Call::kSplice), try_and_miss(anysplice::Call::kTee),
      try_and_miss(anysplice::Call::kVmsplice), try_and_miss(anysplice::Call::kSendfile)};
  return missing[static_cast<size_t>(call)];
}

}  // namespace oracle
