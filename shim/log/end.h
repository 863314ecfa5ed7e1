// What a descriptor is, for a reader of the trace. Async-signal-safe.
#ifndef ANYSPLICE_SHIM_LOG_END_H_
#define ANYSPLICE_SHIM_LOG_END_H_

#include <stddef.h>
#include <sys/types.h>

namespace anysplice::log {

struct End {
  static constexpr size_t kNameSize = 1024;

  int fd = -1;
  // "file", "pipe", "fifo", "tcp", "udp", "unix", "socket", "tty", "device", "block", "directory",
  // "memfd", "anonymous"; null if the descriptor is not open.
  const char* kind = nullptr;
  ino_t inode = 0;
  size_t name_length = 0;  // 0: no name that tells anything
  char name[kNameSize];    // a path, not terminated, cut off if longer

  // Looks at the descriptor.
  void look(int number);
};

}  // namespace anysplice::log

#endif  // ANYSPLICE_SHIM_LOG_END_H_
