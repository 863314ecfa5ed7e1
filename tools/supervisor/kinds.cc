#include "tools/supervisor/kinds.h"

#include <linux/magic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

bool is_of_proc(int fd) {
  struct statfs system;
  return fstatfs(fd, &system) == 0 && system.f_type == PROC_SUPER_MAGIC;
}

bool is_local_socket(int fd) {
  int domain = 0;
  socklen_t size = sizeof(domain);
  return getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 && domain == AF_UNIX;
}

}  // namespace

bool asks_for_the_caller(int fd, Role role, const Target& target) {
  struct stat st;
  if (fstat(fd, &st) != 0) return false;
  if (S_ISCHR(st.st_mode)) return isatty(fd) != 0;
  if (S_ISSOCK(st.st_mode)) return role == Role::kSink && is_local_socket(fd);
  if (!S_ISREG(st.st_mode)) return false;
  return (is_of_proc(fd) && !has_our_namespaces(target.thread())) ||
         (role == Role::kSink && target.file_size_limit() != RLIM_INFINITY);
}

}  // namespace anysplice::tools
