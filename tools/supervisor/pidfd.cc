#include "tools/supervisor/pidfd.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace anysplice::tools {
namespace {

// Not in the headers of older systems (pidfd_open(2), ioctl_pidfd(2)).
constexpr unsigned kPidfdThread = O_EXCL;
constexpr uint64_t kInfoPid = 1;
constexpr uint64_t kInfoCreds = 2;

struct PidfdInfo {
  uint64_t mask;
  uint64_t cgroup;
  uint32_t pid, tgid, ppid;
  uint32_t ruid, rgid, euid, egid, suid, sgid, fsuid, fsgid;
  int32_t exit_code;
};
static_assert(sizeof(PidfdInfo) == 64);

constexpr unsigned long kGetInfo = _IOWR(0xFF, 11, PidfdInfo);

int open_any(pid_t id, unsigned flags) {
  const long fd = syscall(SYS_pidfd_open, id, flags);
  return fd < 0 ? -errno : static_cast<int>(fd);
}

}  // namespace

int open_pidfd(pid_t process) { return open_any(process, 0); }
int open_pidfd_of_thread(pid_t thread) { return open_any(thread, kPidfdThread); }

std::optional<ThreadInfo> info_of(int pidfd) {
  PidfdInfo info{};
  info.mask = kInfoPid | kInfoCreds;
  if (ioctl(pidfd, kGetInfo, &info) != 0) return std::nullopt;
  if ((info.mask & kInfoPid) == 0 || (info.mask & kInfoCreds) == 0) return std::nullopt;
  return ThreadInfo{.thread = static_cast<pid_t>(info.pid),
                    .process = static_cast<pid_t>(info.tgid),
                    .parent = static_cast<pid_t>(info.ppid),
                    .users = {info.ruid, info.euid, info.suid, info.fsuid},
                    .groups = {info.rgid, info.egid, info.sgid, info.fsgid}};
}

}  // namespace anysplice::tools
