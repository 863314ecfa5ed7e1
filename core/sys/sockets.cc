#include "core/sys/sockets.h"

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice::sockets {

int option(int fd, int name, int otherwise) {
  const KeepErrno keep;
  int value = 0;
  socklen_t size = sizeof(value);
  return sys->getsockopt(fd, SOL_SOCKET, name, &value, &size) == 0 ? value : otherwise;
}

}  // namespace anysplice::sockets
