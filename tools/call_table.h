// The calls a program makes on pipes as a table, by those who provide them: the kernel and the
// engine. For whatever makes the same calls on both sides and compares.
//
// Constants: for all threads.
#ifndef ANYSPLICE_TOOLS_CALL_TABLE_H_
#define ANYSPLICE_TOOLS_CALL_TABLE_H_

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/calls/engine.h"
#include "core/memory/lasting_memory.h"
#include "tools/kernel_calls.h"

namespace anysplice::tools {

struct CallTable {
  decltype(&anysplice::splice) splice;
  decltype(&anysplice::tee) tee;
  decltype(&anysplice::vmsplice) vmsplice;
  decltype(&anysplice::sendfile) sendfile;
  decltype(&anysplice::copy_file_range) copy_file_range;
  decltype(&anysplice::pipe2) pipe2;
  decltype(&anysplice::dup) dup;
  decltype(&anysplice::dup2) dup2;
  decltype(&anysplice::dup3) dup3;
  decltype(&anysplice::close) close;
  decltype(&anysplice::fcntl) fcntl;
  decltype(&anysplice::ioctl) ioctl;
  decltype(&anysplice::read) read;
  decltype(&anysplice::readv) readv;
  decltype(&anysplice::preadv2) preadv2;
  decltype(&anysplice::write) write;
  decltype(&anysplice::writev) writev;
  decltype(&anysplice::poll) poll;
  decltype(&anysplice::ppoll) ppoll;
  decltype(&anysplice::select) select;
  decltype(&anysplice::pselect) pselect;
  decltype(&anysplice::epoll_ctl) epoll_ctl;
  decltype(&anysplice::sendmsg) sendmsg;
  decltype(&anysplice::fork) fork;
  decltype(&anysplice::expose) expose;
  // Not a call: memory was mapped that stays as it is.
  decltype(&anysplice::lasting_memory::add) mapped;
};

namespace kernel {

// musl has had it since 1.2.5 only.
inline ssize_t preadv2(int fd, const iovec* iov, int count, int64_t offset, int flags) {
  return syscall(SYS_preadv2, fd, iov, count, static_cast<long>(offset),
                 static_cast<long>(offset >> 32), flags);
}

inline int fcntl(int fd, int cmd, long arg) { return ::fcntl(fd, cmd, arg); }
inline int ioctl(int fd, unsigned long request, void* arg) { return ::ioctl(fd, request, arg); }
inline void expose(int, SettleReason) {}
inline void mapped(const void*, size_t) {}

}  // namespace kernel

inline constexpr CallTable kKernelCalls = {
    .splice = kernel::splice,
    .tee = kernel::tee,
    .vmsplice = kernel::vmsplice,
    .sendfile = kernel::sendfile,
    .copy_file_range = kernel::copy_file_range,
    .pipe2 = ::pipe2,
    .dup = ::dup,
    .dup2 = ::dup2,
    .dup3 = ::dup3,
    .close = ::close,
    .fcntl = kernel::fcntl,
    .ioctl = kernel::ioctl,
    .read = ::read,
    .readv = ::readv,
    .preadv2 = kernel::preadv2,
    .write = ::write,
    .writev = ::writev,
    .poll = ::poll,
    .ppoll = ::ppoll,
    .select = ::select,
    .pselect = ::pselect,
    .epoll_ctl = ::epoll_ctl,
    .sendmsg = ::sendmsg,
    .fork = ::fork,
    .expose = kernel::expose,
    .mapped = kernel::mapped,
};

inline constexpr CallTable kEngineCalls = {
    .splice = anysplice::splice,
    .tee = anysplice::tee,
    .vmsplice = anysplice::vmsplice,
    .sendfile = anysplice::sendfile,
    .copy_file_range = anysplice::copy_file_range,
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
    .mapped = anysplice::lasting_memory::add,
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_CALL_TABLE_H_
