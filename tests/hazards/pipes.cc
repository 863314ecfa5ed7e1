// Lengths, sizes and modes of pipes.
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr size_t kFull = 65536;

int unread(int fd) {
  int n = -1;
  CHECK_EQ(ioctl(fd, FIONREAD, &n), 0);
  return n;
}

}  // namespace

HAZARD(enormous_lengths) {
  const int file = file_of(pattern(100));
  const int sink = file_of("");
  constexpr size_t kLong = size_t{1} << (sizeof(size_t) * 5);
  for (const size_t length : {SIZE_MAX, size_t{SSIZE_MAX}, SIZE_MAX / 4 + 1, kLong}) {
    // To the kernel, whose lengths are of 64 bits also for a program of 32.
    const auto for_the_kernel = static_cast<int64_t>(length);
    const bool negative = for_the_kernel < 0;
    const Teed teed(pattern(100));
    CHECK_EQ(take(teed.copy.r, 100), pattern(100));
    CHECK_EQ(tee(teed.pipe.r, teed.copy.w, length, 0), 100);
    CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, length, 0), 100);
    CHECK_EQ(take(teed.copy.r, 200), pattern(100) + pattern(100));
    off_t start = 0;
    if (negative) {
      CHECK_FAILS(splice(file, &start, teed.pipe.w, nullptr, length, 0), EINVAL);
      CHECK_FAILS(sendfile(sink, file, &start, length), EINVAL);
      continue;
    }
    CHECK_EQ(splice(file, &start, teed.pipe.w, nullptr, length, 0), 100);
    start = 0;
    CHECK_EQ(splice(teed.pipe.r, nullptr, sink, &start, length, SPLICE_F_NONBLOCK), 100);
    start = 0;
    off_t at = 0;
    CHECK_EQ(lseek(sink, 0, SEEK_SET), 0);
    CHECK_EQ(sendfile(sink, file, &at, length), 100);
  }
  char bytes[100];
  const iovec huge{bytes, SIZE_MAX};
  const Teed teed("kept");
  CHECK_FAILS(vmsplice(teed.pipe.r, &huge, 1, 0), EINVAL);
  CHECK_FAILS(vmsplice(teed.pipe.w, &huge, 1, 0), EINVAL);
  if (sizeof(size_t) == sizeof(int64_t)) {
    CHECK_FAILS(read(teed.pipe.r, bytes, huge.iov_len), EFAULT);
    put(teed.pipe.w, "!");
  } else {
    CHECK_EQ(read(teed.pipe.r, bytes, huge.iov_len), 4);
    put(teed.pipe.w, "kept!");
  }
  CHECK_EQ(take(teed.pipe.r, 5), "kept!");
}

HAZARD(resized_while_full) {
  const Pipe pipe(O_NONBLOCK), copy;
  put(pipe.w, pattern(kFull));
  CHECK_EQ(tee(pipe.r, copy.w, kFull, 0), static_cast<ssize_t>(kFull));
  CHECK_EQ(take(copy.r, kFull), pattern(kFull));
  CHECK_FAILS(fcntl(pipe.w, F_SETPIPE_SZ, 4096), EBUSY);
  CHECK_EQ(fcntl(pipe.r, F_GETPIPE_SZ), static_cast<int>(kFull));
  char x = 'x';
  const iovec one{&x, 1};
  CHECK_FAILS(vmsplice(pipe.w, &one, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_FAILS(write(pipe.w, &x, 1), EAGAIN);
  CHECK_EQ(fcntl(pipe.w, F_SETPIPE_SZ, 1 << 18), 1 << 18);
  CHECK_EQ(vmsplice(pipe.w, &one, 1, SPLICE_F_NONBLOCK), 1);
  CHECK_EQ(unread(pipe.r), static_cast<int>(kFull) + 1);
  CHECK_EQ(fcntl(copy.w, F_SETPIPE_SZ, 1 << 18), 1 << 18);
  CHECK_EQ(splice(pipe.r, nullptr, copy.w, nullptr, kFull + 1, 0), static_cast<ssize_t>(kFull) + 1);
  CHECK_EQ(take(copy.r, kFull + 1), pattern(kFull) + "x");
  CHECK_EQ(fcntl(pipe.w, F_SETPIPE_SZ, 4096), 4096);
  put(pipe.w, pattern(4096));
  CHECK_EQ(ready(pipe.w, POLLOUT), 0);
  CHECK_EQ(tee(pipe.r, copy.w, 5000, 0), 4096);
  CHECK_EQ(take(pipe.r, 4096), pattern(4096));
}

// New kernels look at 32 bits of a size.
HAZARD(resized_to_an_enormous_size) {
  const Pipe pipe, copy;
  put(pipe.w, pattern(20480));
  CHECK_EQ(tee(pipe.r, copy.w, 20480, 0), 20480);
  for (const int shift : {0, 32, 62}) {
    if (shift >= static_cast<int>(8 * sizeof(long))) break;
    CHECK_EQ(fcntl(copy.w, F_SETPIPE_SZ, (shift > 0 ? 1L << shift : 0L) + 4096), -1);
    CHECK(errno == EBUSY || (shift > 0 && errno == EINVAL));
  }
  CHECK_FAILS(fcntl(copy.w, F_SETPIPE_SZ, -1L), EINVAL);
  CHECK_EQ(fcntl(copy.w, F_GETPIPE_SZ), static_cast<int>(kFull));
  CHECK_EQ(take(copy.r, 20480), pattern(20480));
}

HAZARD(packets_stay_packets) {
  const Pipe pipe(O_DIRECT), copy(O_DIRECT);
  for (const std::string_view packet : {"one", "three", "2"}) put(pipe.w, packet);
  CHECK_EQ(tee(pipe.r, copy.w, 100, 0), 9);
  for (const Pipe* from : {&pipe, &copy}) {
    for (const std::string_view packet : {"one", "three", "2"}) {
      char bytes[100];
      const ssize_t n = read(from->r, bytes, sizeof(bytes));
      CHECK(n > 0);
      CHECK_EQ(std::string_view(bytes, static_cast<size_t>(n)), packet);
    }
  }
  // What a short read leaves of a packet is dropped.
  put(pipe.w, "long packet");
  put(pipe.w, "next");
  CHECK_EQ(tee(pipe.r, copy.w, 100, 0), 15);
  char bytes[100];
  CHECK_EQ(read(pipe.r, bytes, 4), 4);
  CHECK_EQ(read(pipe.r, bytes, sizeof(bytes)), 4);
  CHECK_EQ(std::string_view(bytes, 4), "next");
}

// Those that were looked at go back one by one.
HAZARD(packets_in_an_epoll_set) {
  const Pipe pipe(O_DIRECT), copy(O_DIRECT);
  const int set = epoll_create1(0);
  epoll_event event{EPOLLIN, {.u64 = 0}};
  CHECK_EQ(epoll_ctl(set, EPOLL_CTL_ADD, pipe.r, &event), 0);
  for (const std::string_view packet : {"one", "three", "2"}) put(pipe.w, packet);
  CHECK_EQ(tee(pipe.r, copy.w, 100, 0), 9);
  CHECK_EQ(epoll_wait(set, &event, 1, 0), 1);
  for (const ssize_t size : {3, 5, 1}) {
    char bytes[100];
    CHECK_EQ(read(pipe.r, bytes, sizeof(bytes)), size);
  }
}

HAZARD(mode_changes_while_held) {
  const Teed teed("kept");
  CHECK_EQ(fcntl(teed.pipe.r, F_SETFL, O_NONBLOCK), 0);
  CHECK_EQ(unread(teed.pipe.r), 4);
  CHECK_EQ(take(teed.pipe.r, 4), "kept");
  char x;
  CHECK_FAILS(read(teed.pipe.r, &x, 1), EAGAIN);
  CHECK_FAILS(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 1, 0), EAGAIN);
  int off = 0;
  CHECK_EQ(ioctl(teed.pipe.r, FIONBIO, &off), 0);
  CHECK_EQ(fcntl(teed.pipe.r, F_GETFL) & O_NONBLOCK, 0);
  CHECK_EQ(fcntl(teed.pipe.w, F_SETFL, O_DIRECT), 0);
  put(teed.pipe.w, "a");
  put(teed.pipe.w, "b");
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 2);
  CHECK_EQ(read(teed.pipe.r, &x, 1), 1);
  CHECK_EQ(unread(teed.pipe.r), 1);
}

HAZARD(end_of_file_after_the_bytes) {
  const Teed teed("last");
  close(teed.pipe.w);
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 2, 0), 2);
  CHECK_EQ(ready(teed.pipe.r, POLLIN), POLLIN | POLLHUP);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 2);
  CHECK_EQ(take(teed.pipe.r, 10), "st");
  CHECK_EQ(ready(teed.pipe.r, POLLIN), POLLHUP);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 10, 0), 0);
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 2, 0), 0);
  CHECK_EQ(take(teed.copy.r, 8), "lastlast");
}

// What tee has looked at is in the pipe still: it has no room, by whatever call.
HAZARD(full_pipe_that_was_teed) {
  const Pipe full(O_NONBLOCK), copy;
  const std::string bytes = pattern(65536);
  put(full.w, bytes);
  CHECK_EQ(tee(full.r, copy.w, 65536, 0), 65536);
  const int file = file_of("more");
  off_t start = 0;
  CHECK_FAILS(splice(file, &start, full.w, nullptr, 4, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_FAILS(write(full.w, "more", 4), EAGAIN);
  CHECK_FAILS(splice(copy.r, nullptr, full.w, nullptr, 4, SPLICE_F_NONBLOCK), EAGAIN);
  const iovec iov{const_cast<char*>("more"), 4};
  CHECK_FAILS(vmsplice(full.w, &iov, 1, SPLICE_F_NONBLOCK), EAGAIN);
  CHECK_EQ(take(full.r, 65536), bytes);
  CHECK_EQ(take(copy.r, 65536), bytes);
}
