// Sending to a socket, where systems differ. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_SOCKETS_H_
#define ANYSPLICE_CORE_SYS_SOCKETS_H_

#include <sys/socket.h>
#include <sys/types.h>

namespace anysplice::sockets {

struct How {
  bool wait;  // for room
  bool more;  // more bytes follow at once: send no partial segment yet, where that can be asked for
  bool quiet;  // no SIGPIPE
};

// As sendmsg(2).
ssize_t send(int fd, const msghdr* message, How how);

}  // namespace anysplice::sockets

#endif  // ANYSPLICE_CORE_SYS_SOCKETS_H_
