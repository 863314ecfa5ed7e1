// The same calls by other names: fortified, 64-bit, inner names of libc, and by number.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "hazard.h"

using namespace hazard;

namespace {

// A length that the compiler cannot know, so that the checked function is called.
size_t some(size_t length) {
  volatile size_t hidden = length;
  return hidden;
}

template <typename T>
T* symbol(const char* name) {
  return reinterpret_cast<T*>(dlsym(RTLD_DEFAULT, name));
}

}  // namespace

HAZARD(fortified) {
  const Teed teed("abcdef");
  char bytes[10];
  CHECK_EQ(read(teed.pipe.r, bytes, some(2)), 2);
  CHECK_EQ(std::string(bytes, 2), "ab");
  pollfd p[2] = {{teed.pipe.r, POLLIN, 0}, {teed.copy.r, POLLIN, 0}};
  CHECK_EQ(poll(p, some(2), 0), 2);
  const timespec now{0, 0};
  CHECK_EQ(ppoll(p, some(2), &now, nullptr), 2);
  CHECK_EQ(take(teed.pipe.r, 4), "cdef");
  const std::string path = "/dev/fd/" + std::to_string(teed.copy.r);
  volatile int flags = O_RDONLY;
  const int fd = open(path.c_str(), flags);
  CHECK_EQ(take(fd, 6), "abcdef");
  // The check itself is still there.
  using ReadChk = ssize_t(int, void*, size_t, size_t);
  auto* read_chk = symbol<ReadChk>("__read_chk");
  CHECK(read_chk != nullptr);
  put(teed.pipe.w, "x");
  CHECK_EQ(read_chk(teed.pipe.r, bytes, 1, 10), 1);
}

HAZARD(inner_names) {
  auto* inner_read = symbol<ssize_t(int, void*, size_t)>("__read");
  auto* inner_write = symbol<ssize_t(int, const void*, size_t)>("__write");
  auto* inner_poll = symbol<int(pollfd*, nfds_t, int)>("__poll");
  auto* inner_close = symbol<int(int)>("__close");
  if (inner_read == nullptr || inner_write == nullptr || inner_poll == nullptr ||
      inner_close == nullptr) {
    skip("not this libc");
  }
  const Teed teed("abc");
  CHECK_EQ(inner_write(teed.pipe.w, "def", 3), 3);
  pollfd p{teed.pipe.r, POLLIN, 0};
  CHECK_EQ(inner_poll(&p, 1, 0), 1);
  char bytes[6];
  CHECK_EQ(inner_read(teed.pipe.r, bytes, 6), 6);
  CHECK_EQ(std::string(bytes, 6), "abcdef");
  CHECK_EQ(inner_close(teed.pipe.w), 0);
  CHECK_EQ(ready(teed.pipe.r, POLLIN), POLLHUP);
}

HAZARD(sixty_four_bits) {
  const int file = file_of("abc");
  const Pipe pipe;
  off64_t at = 1;
  CHECK_EQ(sendfile64(pipe.w, file, &at, 10), 2);
  CHECK_EQ(at, 3);
  CHECK_EQ(take(pipe.r, 2), "bc");
  CHECK(open64(("/proc/self/fd/" + std::to_string(pipe.r)).c_str(), O_RDONLY) >= 0);
}

// As they are called by programs that do not ask for offsets of 64 bits: a word in glibc.
HAZARD(offsets_of_a_word) {
  auto* send = symbol<ssize_t(int, int, long*, size_t)>("sendfile");
  auto* read_at = symbol<ssize_t(int, const iovec*, int, long, int)>("preadv2");
  auto* write_at = symbol<ssize_t(int, const iovec*, int, long, int)>("pwritev2");
  const int file = file_of("abcdef");
  const Teed teed("12");
  constexpr long kMark = 0x5a5a5a5a;
  long at[] = {2, kMark};
  CHECK_EQ(send(teed.pipe.w, file, at, 10), 4);
  CHECK_EQ(at[0], 6);
  CHECK_EQ(at[1], kMark);
  char bytes[7] = {};
  const iovec iov{bytes, 6};
  CHECK_EQ(read_at(teed.pipe.r, &iov, 1, -1, 0), 6);
  CHECK_EQ(std::string(bytes), "12cdef");
  CHECK_EQ(write_at(teed.copy.w, &iov, 1, -1, 0), 6);
  CHECK_EQ(take(teed.copy.r, 8), "1212cdef");
  CHECK_EQ(write_at(file, &iov, 1, 3, 0), 6);
  CHECK_EQ(read_at(file, &iov, 1, 1, 0), 6);
  CHECK_EQ(std::string(bytes), "bc12cd");
  CHECK_FAILS(send(teed.pipe.w, file, reinterpret_cast<long*>(sizeof(long)), 10), EFAULT);
}

// Beyond which a word of 32 bits cannot tell an offset.
HAZARD(the_last_offset_of_a_word) {
  if (sizeof(long) > 4) skip("words have 64 bits");
  auto* send = symbol<ssize_t(int, int, long*, size_t)>("sendfile");
  const int file = file_of("");
  const Pipe pipe;
  constexpr long kLast = INT32_MAX;
  CHECK_EQ(pwrite64(file, "abcdefgh", 8, off64_t{kLast} - 4), 8);
  long at = kLast - 3;
  CHECK_EQ(send(pipe.w, file, &at, 8), 3);
  CHECK_EQ(at, kLast);
  CHECK_FAILS(send(pipe.w, file, &at, 8), EOVERFLOW);
  CHECK_EQ(send(pipe.w, file, &at, 0), 0);
  CHECK_FAILS(send(pipe.r, file, &at, 8), EBADF);
  CHECK_FAILS(send(pipe.w, pipe.r, &at, 8), ESPIPE);
  CHECK_FAILS(send(file_of("", O_RDWR | O_APPEND), file, &at, 8), EOVERFLOW);
  CHECK_EQ(at, kLast);
  at = -1;
  CHECK_FAILS(send(pipe.w, file, &at, 8), EINVAL);
  off64_t wide = kLast;
  CHECK_EQ(sendfile64(pipe.w, file, &wide, 8), 4);
  CHECK_EQ(wide, off64_t{kLast} + 4);
  CHECK_EQ(take(pipe.r, 7), "bcdefgh");
}

// libc widens what a program without offsets of 64 bits gives it.
HAZARD(locks_of_files) {
  struct Lock {
    short type, whence;
    long start, length;
    pid_t owner;
  };
  auto* control = symbol<int(int, int, ...)>("fcntl");
  char name[] = "hazard.XXXXXX";
  const int file = mkstemp(name);
  const int again = open(name, O_RDWR);
  CHECK(file >= 0 && again >= 0);
  Lock lock{F_WRLCK, SEEK_SET, 5, 7, 0};
  CHECK_EQ(control(file, F_OFD_SETLK, &lock), 0);
  Lock found{F_WRLCK, SEEK_SET, 0, 6, 0};
  CHECK_EQ(control(again, F_OFD_GETLK, &found), 0);
  CHECK_EQ(found.start, 5);
  CHECK_EQ(found.length, 7);
  // By their own names, with offsets of 64 bits.
  struct flock wide {};
  wide.l_type = F_WRLCK;
  wide.l_len = 6;
  CHECK_EQ(fcntl(again, F_OFD_GETLK, &wide), 0);
  CHECK_EQ(wide.l_type, F_WRLCK);
  CHECK_EQ(wide.l_start, 5);
}

// The names that time_t of 64 bits has where words have 32.
HAZARD(times_of_64_bits) {
  struct Time {
    int64_t seconds;
    int64_t parts;
  };
  auto* wide_ppoll = symbol<int(pollfd*, nfds_t, const Time*, const sigset_t*)>("__ppoll64");
  auto* wide_select = symbol<int(int, fd_set*, fd_set*, fd_set*, Time*)>("__select64");
  auto* wide_pselect =
      symbol<int(int, fd_set*, fd_set*, fd_set*, const Time*, const sigset_t*)>("__pselect64");
  if (wide_ppoll == nullptr || wide_select == nullptr || wide_pselect == nullptr) {
    skip("time_t has 64 bits by the usual names");
  }
  const Teed teed("abc");
  const Pipe empty;
  constexpr int64_t kLong = int64_t{1} << 40;  // seconds
  const Time never{kLong, 0}, soon{0, 1000 * 1000}, wrong{0, -1}, past{-1, 0};
  pollfd p{teed.pipe.r, POLLIN, 0};
  CHECK_EQ(wide_ppoll(&p, 1, &never, nullptr), 1);
  CHECK_EQ(p.revents, POLLIN);
  p.fd = empty.r;
  CHECK_EQ(wide_ppoll(&p, 1, &soon, nullptr), 0);
  CHECK_FAILS(wide_ppoll(&p, 1, &wrong, nullptr), EINVAL);
  CHECK_FAILS(wide_ppoll(&p, 1, &past, nullptr), EINVAL);
  fd_set set;
  FD_ZERO(&set);
  FD_SET(teed.pipe.r, &set);
  CHECK_EQ(wide_pselect(teed.pipe.r + 1, &set, nullptr, nullptr, &never, nullptr), 1);
  CHECK_EQ(wide_pselect(0, nullptr, nullptr, nullptr, &soon, nullptr), 0);
  Time left{kLong, 5};
  CHECK_EQ(wide_select(teed.pipe.r + 1, &set, nullptr, nullptr, &left), 1);
  CHECK(FD_ISSET(teed.pipe.r, &set));
  left = {0, 20 * 1000};
  CHECK_EQ(wide_select(0, nullptr, nullptr, nullptr, &left), 0);
  CHECK_EQ(left.seconds, 0);
  CHECK_EQ(left.parts, 0);
  left = {-1, 0};
  CHECK_FAILS(wide_select(0, nullptr, nullptr, nullptr, &left), EINVAL);
}

HAZARD(by_number) {
  int fds[2];
  CHECK_EQ(syscall(SYS_pipe2, fds, 0), 0);
  const Pipe copy;
  const int file = file_of("file");
  char bytes[8] = "memory";
  const iovec iov{bytes, 6};
  off64_t at = 0;
  CHECK_EQ(syscall(SYS_vmsplice, fds[1], &iov, 1, 0), 6);
  CHECK_EQ(syscall(SYS_splice, file, &at, fds[1], nullptr, 100, 0), 4);
  CHECK_EQ(at, 4);
  long word = 2;
  CHECK_EQ(syscall(SYS_sendfile, fds[1], file, &word, 100), 2);
  CHECK_EQ(word, 4);
  CHECK_EQ(syscall(SYS_tee, fds[0], copy.w, 100, 0), 12);
  CHECK_EQ(syscall(SYS_write, fds[1], "!", 1), 1);
  char all[20] = {};
  CHECK_EQ(syscall(SYS_read, fds[0], all, 7), 7);
  const iovec rest{all + 7, 10};
  CHECK_EQ(syscall(SYS_readv, fds[0], &rest, 1), 6);
  CHECK_EQ(std::string(all), "memoryfilele!");
  // An offset is two registers, or one.
  const long low = 2, high = 0, none = -1;
  CHECK_EQ(syscall(SYS_preadv2, file, &rest, 1, low, high, 0), 2);
  CHECK_EQ(syscall(SYS_pwritev2, fds[1], &rest, 1, none, none, 0), 10);
  if (sizeof(long) == 4) {
    CHECK_FAILS(syscall(SYS_preadv2, fds[0], &rest, 1, none, high, 0), ESPIPE);
  }
  CHECK_EQ(syscall(SYS_preadv2, fds[0], &rest, 1, none, none, 0), 10);
  CHECK_EQ(std::string(all), "memoryfleele!");
  CHECK_EQ(take(copy.r, 12), "memoryfilele");
  // Where the high half of an int is rubbish, as some languages pass it.
  const long rubbish = static_cast<long>(int64_t{0x7777} << 32);
  put(fds[1], "xyz");
  CHECK_EQ(syscall(SYS_tee, rubbish | fds[0], rubbish | copy.w, 3, 0), 3);
  CHECK_EQ(syscall(SYS_dup3, fds[0], copy.r, 0), copy.r);
  CHECK_EQ(syscall(SYS_close, fds[0]), 0);
  CHECK_EQ(take(copy.r, 3), "xyz");
}

// Numbers that were closed unseen come back from calls by number as something else.
HAZARD(made_by_number) {
  const auto made_on = [](int number, auto make) {
    CHECK_EQ(raw_syscall(SYS_close, number, 0, 0), 0);
    CHECK_EQ(make(), number);
  };
  int sockets[2];
  const auto eventfd = [] { return syscall(SYS_eventfd2, 3, 0); };
  const auto event = [&](int end) {
    made_on(end, eventfd);
    uint64_t value = 0;
    CHECK_EQ(read(end, &value, sizeof(value)), 8);
    CHECK_EQ(value, 3u);
  };
  const Teed first("abc");
  event(first.pipe.r);
  const Teed second("abc");
  made_on(second.pipe.r, [] { return syscall(SYS_signalfd4, -1, "12345678", 8, O_NONBLOCK); });
  char bytes[8];
  CHECK_FAILS(read(second.pipe.r, bytes, 8), EINVAL);
  const Teed third("abc");
  made_on(third.pipe.r, [&] {
    CHECK_EQ(syscall(SYS_socketpair, AF_UNIX, SOCK_STREAM, 0, sockets), 0);
    return sockets[0];
  });
  put(sockets[1], "xy");
  CHECK_EQ(take(third.pipe.r, 2), "xy");
}
