// Bytes that reach or leave a pipe by system calls that nobody can see.
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>

#include "hazard.h"

using namespace hazard;

namespace {

void put_unseen(int fd, std::string_view bytes) {
  const auto size = static_cast<long>(bytes.size());
  CHECK_EQ(raw_syscall(SYS_write, fd, reinterpret_cast<long>(bytes.data()), size), size);
}

}  // namespace

HAZARD(unseen_write_into_an_empty_pipe) {
  const Teed teed("old");
  CHECK_EQ(take(teed.pipe.r, 3), "old");
  put_unseen(teed.pipe.w, "unseen");
  CHECK_EQ(ready(teed.pipe.r, POLLIN, 1000), POLLIN);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 6);
  CHECK_EQ(take(teed.pipe.r, 6), "unseen");
  CHECK_EQ(take(teed.copy.r, 9), "oldunseen");
}

HAZARD(unseen_write_behind_bytes) {
  const Teed teed("first ");
  put_unseen(teed.pipe.w, "second");
  CHECK_EQ(take(teed.pipe.r, 12), "first second");
}

HAZARD(unseen_write_behind_bytes_then_splice) {
  const Teed teed("first ");
  put_unseen(teed.pipe.w, "second");
  const Pipe out;
  for (ssize_t done = 0; done < 12;) {
    const ssize_t n = splice(teed.pipe.r, nullptr, out.w, nullptr, 100, SPLICE_F_NONBLOCK);
    CHECK(n > 0);
    done += n;
  }
  CHECK_EQ(take(out.r, 12), "first second");
}

HAZARD(unseen_write_between_seen_ones_after_an_ioctl) {
  // As if asked to send to a pipe; the device does not know it.
  constexpr unsigned long kSend = 0x40489426;
  const int device = open("/dev/null", O_RDWR);
  const Teed teed("first ");
  CHECK_FAILS(ioctl(device, kSend, nullptr), ENOTTY);
  put_unseen(teed.pipe.w, "second ");
  put(teed.pipe.w, "third ");
  put_unseen(teed.pipe.w, "fourth ");
  const Pipe more;
  put(more.w, "fifth");
  CHECK_EQ(splice(more.r, nullptr, teed.pipe.w, nullptr, 5, 0), 5);
  CHECK_EQ(take(teed.pipe.r, 31), "first second third fourth fifth");
}

HAZARD(unseen_write_before_fork) {
  const Teed teed("first ");
  put_unseen(teed.pipe.w, "second");
  finish(start([&] { CHECK_EQ(take(teed.pipe.r, 12), "first second"); }));
}

// libc's names for a read and a write of eight bytes, of whatever descriptor.
HAZARD(by_the_names_of_eventfd) {
  const Pipe p;
  char bytes[] = "12345678";
  const iovec iov{bytes, 8};
  CHECK_EQ(vmsplice(p.w, &iov, 1, 0), 8);
  eventfd_t value;
  CHECK_EQ(eventfd_read(p.r, &value), 0);
  CHECK_EQ(memcmp(&value, bytes, 8), 0);
  CHECK_EQ(eventfd_write(p.w, value), 0);
  CHECK_EQ(vmsplice(p.w, &iov, 1, 0), 8);
  CHECK_EQ(take(p.r, 16), "1234567812345678");
}
