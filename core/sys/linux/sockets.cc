#include "core/sys/sockets.h"

#include "core/sys/sys.h"

namespace anysplice::sockets {

ssize_t send(int fd, const msghdr* message, How how) {
  return sys->sendmsg(
      fd, message,
      (how.wait ? 0 : MSG_DONTWAIT) | (how.more ? MSG_MORE : 0) | (how.quiet ? MSG_NOSIGNAL : 0));
}

}  // namespace anysplice::sockets
