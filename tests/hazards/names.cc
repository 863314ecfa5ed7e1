// The same calls by other names: fortified, 64-bit, inner names of libc, and by number.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
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

HAZARD(by_number) {
  int fds[2];
  CHECK_EQ(syscall(SYS_pipe2, fds, 0), 0);
  const Pipe copy;
  const int file = file_of("file");
  char bytes[8] = "memory";
  const iovec iov{bytes, 6};
  off_t at = 0;
  CHECK_EQ(syscall(SYS_vmsplice, fds[1], &iov, 1, 0), 6);
  CHECK_EQ(syscall(SYS_splice, file, &at, fds[1], nullptr, 100, 0), 4);
  CHECK_EQ(at, 4);
  at = 2;
  CHECK_EQ(syscall(SYS_sendfile, fds[1], file, &at, 100), 2);
  CHECK_EQ(syscall(SYS_tee, fds[0], copy.w, 100, 0), 12);
  CHECK_EQ(syscall(SYS_write, fds[1], "!", 1), 1);
  char all[20] = {};
  CHECK_EQ(syscall(SYS_read, fds[0], all, 7), 7);
  const iovec rest{all + 7, 10};
  CHECK_EQ(syscall(SYS_readv, fds[0], &rest, 1), 6);
  CHECK_EQ(std::string(all), "memoryfilele!");
  CHECK_EQ(take(copy.r, 12), "memoryfilele");
  // Where the high half of an int is rubbish, as some languages pass it.
  const int64_t rubbish = int64_t{0x7777} << 32;
  put(fds[1], "xyz");
  CHECK_EQ(syscall(SYS_tee, rubbish | fds[0], rubbish | copy.w, 3, 0), 3);
  CHECK_EQ(syscall(SYS_dup3, fds[0], copy.r, 0), copy.r);
  CHECK_EQ(syscall(SYS_close, fds[0]), 0);
  CHECK_EQ(take(copy.r, 3), "xyz");
}
