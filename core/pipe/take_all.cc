#include "core/pipe/take_all.h"

#include <errno.h>

#include <algorithm>

#include "core/pipe/settle.h"
#include "core/sys/kernel_pipe.h"

namespace anysplice {

bool take_all(Ring& ring, int fd) {
  const ssize_t there = kernel_pipe::bytes(fd);
  // A stranger may add to it before the read: leave some room.
  size_t pages = static_cast<size_t>(std::max<ssize_t>(there, 0)) / kPage + kSpareSlots;
  Ring::Room rooms[32];
  iovec iov[32];
  int count = 0;
  for (uint32_t free = ring.free(); count < 32 && pages > 0 && free > 0; ++count) {
    rooms[count] = ring.reserve(std::min<size_t>(pages, free) * kPage);
    if (rooms[count].pages == 0) break;
    iov[count] = rooms[count].iov;
    pages -= std::min(pages, rooms[count].pages);
    free -= static_cast<uint32_t>(rooms[count].pages);
  }
  ssize_t n = count == 0 ? 0 : kernel_pipe::read_now(fd, iov, count);
  const ssize_t taken = std::max<ssize_t>(n, 0);
  for (int i = 0; i < count; ++i) {
    const ssize_t part = std::clamp<ssize_t>(n, 0, static_cast<ssize_t>(iov[i].iov_len));
    ring.commit(rooms[i], static_cast<size_t>(part));
    n -= part;
  }
  return taken >= there;
}

bool take_packets(Ring& ring, int fd) {
  ssize_t there = kernel_pipe::bytes(fd);
  while (there > 0) {
    const Ring::Room room = ring.reserve(kPage);
    const ssize_t n = room.pages > 0 ? kernel_pipe::read_now(fd, &room.iov, 1) : -ENOMEM;
    ring.commit(room, static_cast<size_t>(std::max<ssize_t>(n, 0)));
    if (n <= 0) return false;
    there -= n;
  }
  return true;
}

}  // namespace anysplice
