// Sockets: sending, where systems differ, and options. Thread-safe and async-signal-safe.
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

// An option of SOL_SOCKET whose value is an int; `otherwise` if it cannot be had. Keeps errno.
int option(int fd, int name, int otherwise);

// Whether the next byte is behind an urgent one, where a splice stops. A recv would go on.
bool at_urgent_mark(int fd);

}  // namespace anysplice::sockets

#endif  // ANYSPLICE_CORE_SYS_SOCKETS_H_
