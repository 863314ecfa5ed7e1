#include "core/sys/kernel_pipe.h"

#include <errno.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "core/sys/page.h"
#include "core/sys/sys.h"

namespace anysplice::kernel_pipe {

ssize_t bytes(int fd) {
  int n = 0;
  return sys->ioctl(fd, FIONREAD, &n) < 0 ? -errno : n;
}

uint32_t free_slots(int fd) {
  const size_t all = slots(fd);
  const size_t used = (static_cast<size_t>(std::max<ssize_t>(bytes(fd), 0)) + kPage - 1) / kPage;
  return static_cast<uint32_t>(used < all ? all - used : 1);
}

}  // namespace anysplice::kernel_pipe
