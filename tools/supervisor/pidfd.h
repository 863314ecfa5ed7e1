// Descriptors that stand for a thread of another process, and what the kernel tells by one.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_PIDFD_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_PIDFD_H_

#include <stdint.h>
#include <sys/types.h>

#include <optional>

namespace anysplice::tools {

// Of a process, or of one thread of it, which needs Linux 6.9 (else -EINVAL). Or -errno.
int open_pidfd(pid_t process);
int open_pidfd_of_thread(pid_t thread);

struct ThreadInfo {
  pid_t thread;
  pid_t process;
  pid_t parent;        // of the process
  uint32_t users[4];   // real, effective, saved, and of files
  uint32_t groups[4];  // the same, without the supplementary ones
};

// None before Linux 6.13, or if the thread is gone.
std::optional<ThreadInfo> info_of(int pidfd);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_PIDFD_H_
