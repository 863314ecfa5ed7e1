#include "errors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string_view>

namespace faults {
namespace {

using Errors = std::vector<int>;

const Errors kReads{EAGAIN, EBADF, EINTR, EIO, ENOMEM};
// EPIPE comes only where no reader is left, and then it is no matter what is lost.
const Errors kWrites{EAGAIN, EDQUOT, EFBIG, EINTR, EIO, ENOMEM, ENOSPC, EPERM};
const Errors kWithFlags{EAGAIN, EBADF, EINTR, EIO, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM};
const Errors kWaits{EINTR, ENOMEM};
// EINVAL where no descriptor is allowed (RLIMIT_NOFILE).
const Errors kPolls{EINTR, EINVAL, ENOMEM};
const Errors kSends{EAGAIN, ECONNRESET, EINTR, ENOBUFS, ENOMEM, ENOTCONN, EPIPE};
const Errors kFamily{EAGAIN, EINTR, EINVAL, EIO, ENOMEM, ENOSYS, EOPNOTSUPP, EPERM};
const Errors kCopies{EFAULT, ENOMEM, ENOSYS, EPERM, ESRCH};

const std::map<std::string_view, Errors> kErrors{
    {"close", {EINTR, EIO}},
    {"copy_file_range", {EINVAL, EIO, ENOMEM, ENOSPC, ENOSYS, EOPNOTSUPP, EPERM, EXDEV}},
    {"close_range", {EMFILE, ENOMEM, ENOSYS}},
    {"closefrom", {}},
    {"dup", {EMFILE}},
    {"dup2", {EBUSY, EINTR, EMFILE}},
    {"dup3", {EBUSY, EINTR, EMFILE}},
    {"epoll_ctl", {ENOMEM, ENOSPC, EPERM}},
    {"fork", {EAGAIN, ENOMEM}},
    {"fstat", {EBADF, ENOMEM, EOVERFLOW}},
    {"fstatfs", {EINTR, EIO, ENOMEM, ENOSYS}},
    {"getpid", {}},
    {"getpeername", {EBADF, ENOBUFS, ENOTCONN}},
    {"getsockname", {EBADF, ENOBUFS}},
    {"getsockopt", {EBADF, ENOPROTOOPT, EPERM}},
    {"ioctl", {EBADF, ENOTTY, EPERM}},
    {"kill", {EPERM}},
    // Back to where it was, or on to where a read ended.
    {"lseek", {}},
    {"madvise", {EAGAIN, ENOMEM, EPERM}},
    {"mmap", {EAGAIN, ENOMEM, EPERM}},
    {"munmap", {ENOMEM}},
    {"open", {EACCES, EINTR, EMFILE, ENFILE, ENOENT, ENOMEM}},
    {"pipe", {EMFILE, ENFILE}},
    {"pipe2", {EMFILE, ENFILE}},
    {"poll", kPolls},
    {"ppoll", kPolls},
    {"pread", kReads},
    {"preadv", kReads},
    {"preadv2", kWithFlags},
    {"process_vm_readv", kCopies},
    {"process_vm_writev", kCopies},
    {"pselect", kWaits},
    {"pthread_sigmask", {}},
    {"pwrite", kWrites},
    {"pwritev", kWrites},
    {"pwritev2", kWithFlags},
    {"raise", {}},
    {"read", kReads},
    {"readlink", {EACCES, ENOENT, ENOMEM}},
    {"readv", kReads},
    {"recv", {EAGAIN, ECONNREFUSED, ECONNRESET, EINTR, ENOMEM, ENOTCONN}},
    {"select", kWaits},
    {"send", kSends},
    {"sendfile64", kFamily},
    {"sendmsg", kSends},
    {"sigaction", {EINVAL}},
    {"sigpending", {}},
    {"splice", kFamily},
    {"stat", {EACCES, ENOENT, ENOMEM}},
    {"tee", kFamily},
    {"vmsplice", kFamily},
    {"waitid", {ECHILD, EINTR}},
    {"write", kWrites},
    {"writev", kWrites},
};

constexpr std::string_view kMoveBytes[] = {"copy_file_range",
                                           "pread",
                                           "preadv",
                                           "preadv2",
                                           "process_vm_readv",
                                           "process_vm_writev",
                                           "pwrite",
                                           "pwritev",
                                           "pwritev2",
                                           "read",
                                           "readv",
                                           "recv",
                                           "send",
                                           "sendfile64",
                                           "sendmsg",
                                           "splice",
                                           "tee",
                                           "vmsplice",
                                           "write",
                                           "writev"};

Errors errors_of_fcntl(long command) {
  switch (command) {
    case F_SETPIPE_SZ:
      return {EBUSY, EPERM, ENOMEM};
    case F_GETPIPE_SZ:
      return {EBADF, EINVAL, EPERM};
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
      return {EMFILE};
    case F_SETFL:
      return {EPERM};
    default:
      return {EBADF, EPERM};
  }
}

Errors errors_of_number(long number) {
  switch (number) {
    case SYS_futex:
      return {EAGAIN, EINTR};
    case SYS_rt_sigaction:
      return {EPERM};
    case SYS_rt_tgsigqueueinfo:
      return {EAGAIN, EPERM};
    default:
      // rt_sigprocmask(2) is asked for EFAULT: an answer, not a failure.
      return {};
  }
}

}  // namespace

std::vector<int> errors_of(const Event& call) {
  const std::string_view name = name_of(call.function);
  if (name == "fcntl") return errors_of_fcntl(call.detail);
  if (name == "syscall") return errors_of_number(call.detail);
  const auto found = kErrors.find(name);
  if (found == kErrors.end()) {
    fprintf(stderr, "no errors are listed for %s\n", name_of(call.function));
    abort();
  }
  return found->second;
}

bool moves_bytes(Function function) {
  return std::find(std::begin(kMoveBytes), std::end(kMoveBytes), name_of(function)) !=
         std::end(kMoveBytes);
}

bool may_last(Function function, int error) {
  return error != EINTR && error != EAGAIN && function != Function::recv;
}

bool family_may_give(int error) {
  // splice(2), tee(2), vmsplice(2), sendfile(2), and what the files at their ends can give.
  static constexpr int kAll[] = {EAGAIN,  EBADF,    EINVAL,       ENOMEM,   ESPIPE,
                                 EINTR,   EPIPE,    EFBIG,        ENOSPC,   EIO,
                                 EDQUOT,  EFAULT,   EOVERFLOW,    EPERM,    ECONNRESET,
                                 ENOBUFS, ENOTCONN, ECONNREFUSED, EMSGSIZE, EISDIR};
  return std::find(std::begin(kAll), std::end(kAll), error) != std::end(kAll);
}

}  // namespace faults
