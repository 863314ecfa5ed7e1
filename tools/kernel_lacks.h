// Whether the kernel has one of the four calls, for tests and benchmarks that need it. (The engine
// finds out without making descriptors: core/policy/mode.cc.)
//
// Thread-safe; not for signal handlers.
#ifndef ANYSPLICE_TOOLS_KERNEL_LACKS_H_
#define ANYSPLICE_TOOLS_KERNEL_LACKS_H_

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <initializer_list>

#include "core/policy/mode.h"
#include "core/sys/splice_flags.h"
#include "tools/kernel_calls.h"

namespace anysplice::tools::kernel {

// The errno of a call that is missing or refused to us; 0 if the kernel has it. Tries the call in a
// way that every kernel which has it answers with success. Without descriptors for that: their
// errno.
inline int lacks(Call call) {
  int from[2] = {-1, -1}, to[2] = {-1, -1};
  int zero = -1;
  char byte = 'x';
  ssize_t n = -1;
  if (::pipe2(from, O_CLOEXEC) == 0 && ::pipe2(to, O_CLOEXEC) == 0 &&
      (zero = ::open("/dev/zero", O_RDONLY | O_CLOEXEC)) >= 0 && ::write(from[1], &byte, 1) == 1) {
    const iovec iov = {&byte, 1};
    switch (call) {
      case Call::kSplice:
        n = kernel::splice(from[0], nullptr, to[1], nullptr, 1, kSpliceNonblock);
        break;
      case Call::kTee:
        n = kernel::tee(from[0], to[1], 1, kSpliceNonblock);
        break;
      case Call::kVmsplice:
        n = kernel::vmsplice(to[1], &iov, 1, kSpliceNonblock);
        break;
      case Call::kSendfile:
        n = kernel::sendfile(to[1], zero, nullptr, 1);
        break;
      case Call::kCopyFileRange:
        n = kernel::copy_file_range(zero, nullptr, zero, nullptr, 1, 0);
        if (n < 0 && errno == EINVAL) n = 0;  // it looked at them
        break;
    }
  }
  const int error = n < 0 ? errno : 0;
  for (const int fd : {from[0], from[1], to[0], to[1], zero}) {
    if (fd >= 0) ::close(fd);
  }
  return error;
}

}  // namespace anysplice::tools::kernel

#endif  // ANYSPLICE_TOOLS_KERNEL_LACKS_H_
