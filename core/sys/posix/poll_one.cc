#include "core/sys/posix/poll_one.h"

#include "core/sys/sys.h"

namespace anysplice {

int poll_one(int fd, short events, int milliseconds) {
  pollfd p{fd, events, 0};
  const int n = sys->poll(&p, 1, milliseconds);
  if (n >= 0 || errno != EINVAL || fd < 0 || fd >= FD_SETSIZE) return n;
  fd_set read;
  fd_set write;
  FD_ZERO(&read);
  FD_ZERO(&write);
  if ((events & POLLIN) != 0) FD_SET(fd, &read);
  if ((events & POLLOUT) != 0) FD_SET(fd, &write);
  const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1'000'000L};
  return sys->pselect(fd + 1, &read, &write, nullptr, milliseconds < 0 ? nullptr : &limit, nullptr);
}

}  // namespace anysplice
