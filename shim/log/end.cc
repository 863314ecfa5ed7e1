#include "shim/log/end.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <string_view>

#include "shim/log/text.h"

namespace anysplice::log {
namespace {

const char* socket_kind(int fd) {
  int domain = 0;
  int type = 0;
  socklen_t size = sizeof(int);
  if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0) return "socket";
  if (domain == AF_UNIX) return "unix";
  size = sizeof(int);
  getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size);
  if (domain != AF_INET && domain != AF_INET6) return "socket";
  return type == SOCK_STREAM ? "tcp" : type == SOCK_DGRAM ? "udp" : "socket";
}

bool starts_with(std::string_view text, std::string_view start) {
  return text.substr(0, start.size()) == start;
}

const char* device_kind(std::string_view name) {
  return starts_with(name, "/dev/pts/") || starts_with(name, "/dev/tty") || name == "/dev/console"
             ? "tty"
             : "device";
}

}  // namespace

void End::look(int number) {
  fd = number;
  kind = nullptr;
  name_length = 0;
  struct stat st;
  if (number < 0 || fstat(number, &st) != 0) return;
  inode = st.st_ino;
  // All pipes that are no FIFOs are on one device: the name need not be asked for each time.
  static std::atomic<dev_t> pipes;
  const bool pipe = S_ISFIFO(st.st_mode) && st.st_dev == pipes.load(std::memory_order_relaxed);
  if (pipe) kind = "pipe";
  if (S_ISSOCK(st.st_mode)) kind = socket_kind(number);
  // Their names say no more than the kind and the inode.
  if (kind != nullptr) return;
  char link[32];
  Text text(link, sizeof(link) - 1);
  text.add("/proc/self/fd/").number(number);
  link[text.view().size()] = '\0';
  const ssize_t length = readlink(link, name, sizeof(name));
  name_length = length > 0 ? static_cast<size_t>(length) : 0;
  const std::string_view path(name, name_length);
  switch (st.st_mode & S_IFMT) {
    case S_IFREG:
      kind = starts_with(path, "/memfd:") ? "memfd" : "file";
      break;
    case S_IFIFO:
      kind = starts_with(path, "pipe:") || path.empty() ? "pipe" : "fifo";
      if (*kind == 'p') {
        if (!path.empty()) pipes.store(st.st_dev, std::memory_order_relaxed);
        name_length = 0;
      }
      break;
    case S_IFCHR:
      kind = device_kind(path);
      break;
    case S_IFBLK:
      kind = "block";
      break;
    case S_IFDIR:
      kind = "directory";
      break;
    default:
      kind = "anonymous";
  }
}

}  // namespace anysplice::log
