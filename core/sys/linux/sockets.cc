#include "core/sys/sockets.h"

#include <sys/ioctl.h>

#include "core/sys/sys.h"

namespace anysplice::sockets {

ssize_t send(int fd, const msghdr* message, How how) {
  return sys->sendmsg(
      fd, message,
      (how.wait ? 0 : MSG_DONTWAIT) | (how.more ? MSG_MORE : 0) | (how.quiet ? MSG_NOSIGNAL : 0));
}

bool at_urgent_mark(int fd) {
  int at = 0;
  return sys->ioctl(fd, SIOCATMARK, &at) == 0 && at != 0;
}

}  // namespace anysplice::sockets
