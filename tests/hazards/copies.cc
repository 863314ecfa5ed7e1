// One end under several numbers.
#include <dlfcn.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/syscall.h>

#include <fstream>
#include <iterator>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr int kHigh = 100;

int by_dup(int fd) { return dup(fd); }
int by_dup2(int fd) { return dup2(fd, kHigh + fd); }
int by_dup3(int fd) { return dup3(fd, kHigh + fd, O_CLOEXEC); }
int by_fcntl(int fd) { return fcntl(fd, F_DUPFD, kHigh); }
int by_fcntl_cloexec(int fd) { return fcntl(fd, F_DUPFD_CLOEXEC, kHigh); }
int by_dev_fd(int fd) {
  const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  return open(("/dev/fd/" + std::to_string(fd)).c_str(), mode);
}
int by_proc(int fd) {
  const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  return openat(AT_FDCWD, ("/proc/self/fd/" + std::to_string(fd)).c_str(), mode);
}
int by_proc_pid(int fd) {
  const int mode = fcntl(fd, F_GETFL) & O_ACCMODE;
  return open(("/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(fd)).c_str(), mode);
}

constexpr int (*kWays[])(int) = {by_dup,           by_dup2,   by_dup3, by_fcntl,
                                 by_fcntl_cloexec, by_dev_fd, by_proc, by_proc_pid};

std::string path_of(int fd) { return "/dev/fd/" + std::to_string(fd); }

}  // namespace

HAZARD(copies_share_the_bytes) {
  for (const auto copy : kWays) {
    const Teed teed("first second third");
    const int r = copy(teed.pipe.r);
    const int w = copy(teed.pipe.w);
    CHECK(r >= 0 && w >= 0);
    CHECK_EQ(take(r, 6), "first ");
    CHECK_EQ(take(teed.pipe.r, 7), "second ");
    put(w, " fourth");
    close(teed.pipe.r);
    CHECK_EQ(tee(r, teed.copy.w, 100, 0), 12);
    CHECK_EQ(take(r, 12), "third fourth");
    close(teed.pipe.w);
    CHECK_EQ(ready(r, POLLIN), 0);  // there still is a writer
    close(w);
    CHECK_EQ(take(r, 1), "");
    close(r);
  }
}

// As another process would take it.
#ifdef SYS_pidfd_getfd
HAZARD(a_copy_by_pidfd) {
  const int self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  if (self < 0) skip("no pidfd_open");
  const auto by_number = [](int pidfd, int fd) {
    return static_cast<int>(syscall(SYS_pidfd_getfd, pidfd, fd, 0));
  };
  // (Which libc may not have; as it is interposed, it can be asked for by its name.)
  using Call = int (*)(int, int, unsigned);
  const auto named = reinterpret_cast<Call>(dlsym(RTLD_DEFAULT, "pidfd_getfd"));
  for (const bool by_name : {false, true}) {
    if (by_name && named == nullptr) break;
    const Pipe pipe;
    char memory[] = "in a ring";
    const iovec iov{memory, 9};
    CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), 9);
    const int r = by_name ? named(self, pipe.r, 0) : by_number(self, pipe.r);
    if (r < 0) skip("pidfd_getfd is refused");
    CHECK_EQ(take(r, 3), "in ");
    CHECK_EQ(take(pipe.r, 6), "a ring");
    put(pipe.w, "more");
    CHECK_EQ(take(r, 4), "more");
    const Teed teed("held");
    const int held = by_name ? named(self, teed.pipe.r, 0) : by_number(self, teed.pipe.r);
    CHECK_EQ(take(held, 4), "held");
  }
}
#endif

HAZARD(the_last_copy_of_the_reader_goes) {
  for (const auto copy : kWays) {
    const Teed teed("unread");
    const int r = copy(teed.pipe.r);
    close(teed.pipe.r);
    put(teed.pipe.w, ", still");
    CHECK_EQ(ready(teed.pipe.w, POLLOUT), POLLOUT);
    close(r);
    CHECK_EQ(ready(teed.pipe.w, POLLOUT) & POLLERR, POLLERR);
  }
}

HAZARD(dup2_onto_itself_changes_nothing) {
  const Teed teed("kept");
  CHECK_EQ(dup2(teed.pipe.r, teed.pipe.r), teed.pipe.r);
  CHECK_FAILS(dup3(teed.pipe.r, teed.pipe.r, 0), EINVAL);
  CHECK_FAILS(dup2(999, teed.pipe.r), EBADF);
  CHECK_FAILS(dup3(teed.copy.r, teed.pipe.r, 12345), EINVAL);
  CHECK_EQ(take(teed.pipe.r, 4), "kept");
}

HAZARD(fopen_of_dev_fd) {
  const Teed teed("by name");
  FILE* file = fopen(path_of(teed.pipe.r).c_str(), "r");
  CHECK(file != nullptr);
  char bytes[8] = {};
  CHECK_EQ(fread(bytes, 1, 7, file), 7u);
  CHECK_EQ(std::string(bytes), "by name");
}

HAZARD(ifstream_of_dev_fd) {
  const Teed teed("by name");
  close(teed.pipe.w);
  std::ifstream file(path_of(teed.pipe.r));
  CHECK_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "by name");
}
