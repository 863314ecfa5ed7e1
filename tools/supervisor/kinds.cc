#include "tools/supervisor/kinds.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tools/supervisor/netlink.h"
#include "tools/supervisor/size_limit.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

constexpr unsigned kMemory = 1;  // the driver of /dev/null and its like

long type_of_system(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) == 0 ? static_cast<long>(system.f_type) : 0;
}

int domain_of(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 ? domain : AF_UNSPEC;
}

}  // namespace

bool asks_for_the_caller(int fd, Role role, Target& target) {
  // That asks no server of files, so it does not wait. (A filter may refuse it.)
  struct statx st {};
  if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_TYPE, &st) != 0) {
    struct stat old;
    if (fstat(fd, &old) != 0) return false;
    st.stx_mode = static_cast<__u16>(old.st_mode);
  }
  if (S_ISFIFO(st.stx_mode)) return false;
  if (S_ISSOCK(st.stx_mode)) {
    const int domain = role == Role::kSink ? domain_of(fd) : AF_UNSPEC;
    if (domain == AF_NETLINK) set_sender(fd, target);
    return domain == AF_UNIX;
  }
  if (S_ISCHR(st.stx_mode) && st.stx_rdev_major == kMemory) return false;
  if (S_ISCHR(st.stx_mode)) return isatty(fd) != 0;
  if (!S_ISREG(st.stx_mode)) return false;
  const uint64_t most = role == Role::kSink ? target.file_size_limit() : RLIM_INFINITY;
  if (most != RLIM_INFINITY && !set_size_limit(fd, most)) return true;
  const long type = type_of_system(fd);
  if (type == PROC_SUPER_MAGIC) return !has_our_namespaces(target.thread());
  // There "0" is whoever writes it.
  return role == Role::kSink && (type == CGROUP_SUPER_MAGIC || type == CGROUP2_SUPER_MAGIC);
}

}  // namespace anysplice::tools
