// MSG_DONTWAIT is not in POSIX.1-2008, but on every system whose manual we know; without it a send
// to a blocking socket could wait for the peer with a pipe locked. MSG_MORE is Linux's alone.
#include "core/sys/sockets.h"

#include "core/sys/posix/no_sigpipe.h"
#include "core/sys/sys.h"

namespace anysplice::sockets {

ssize_t send(int fd, const msghdr* message, How how) {
  const int flags = how.wait ? 0 : MSG_DONTWAIT;
#ifdef MSG_NOSIGNAL
  return sys->sendmsg(fd, message, flags | (how.quiet ? MSG_NOSIGNAL : 0));
#else
  return how.quiet ? send_without_sigpipe(fd, message, flags) : sys->sendmsg(fd, message, flags);
#endif
}

// (SIOCATMARK is what it is made of everywhere, and is not in POSIX.)
bool at_urgent_mark(int fd) { return sockatmark(fd) == 1; }

}  // namespace anysplice::sockets
