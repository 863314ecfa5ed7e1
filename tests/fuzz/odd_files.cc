// Files whose reads wait, or are odd: FIFOs that are opened bit by bit, terminals, descriptors that
// are no files, and files made up by the kernel.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>

#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

constexpr int kNonblockOpen = O_NONBLOCK | O_CLOEXEC;

// One that nobody opened before, opened to be read.
int open_lonely_fifo() {
  char path[] = "/dev/shm/fuzz-XXXXXX";
  const int file = ::mkstemp(path);
  ::close(file);
  ::unlink(path);
  if (file < 0 || ::mkfifo(path, 0600) != 0) return -1;
  const int fd = ::open(path, O_RDONLY | kNonblockOpen);
  ::unlink(path);
  return fd;
}

int open_odd(int64_t which) {
  switch (which) {
    case 0:
      return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    case 1:
      return ::eventfd(7, EFD_CLOEXEC | EFD_NONBLOCK);
    case 2:
      return ::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    case 3:
      return ::inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    case 4: {
      sigset_t none;
      sigemptyset(&none);
      return ::signalfd(-1, &none, SFD_CLOEXEC | SFD_NONBLOCK);
    }
    case 5:
      return ::open("/proc/version", O_RDONLY | O_CLOEXEC);
    case 6:
      return ::open("/proc/filesystems", O_RDONLY | O_CLOEXEC);
    case 7:
      return ::open("/proc/sys/kernel/ostype", O_RDONLY | O_CLOEXEC);
    case 8:
      return ::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    default:
      return ::open("/dev/full", O_RDWR | O_CLOEXEC);
  }
}

// How a terminal gives its lines: 0 canonical, else raw with these VMIN and VTIME.
bool set_mode(int fd, int64_t mode) {
  constexpr struct {
    cc_t least, tenths;
  } kRaw[] = {{0, 0}, {1, 0}, {0, 0}, {5, 0}, {0, 1}, {3, 1}};
  termios how;
  if (::tcgetattr(fd, &how) != 0) return false;
  ::cfmakeraw(&how);
  if (mode == 0) {
    how.c_lflag |= ICANON;
  } else {
    how.c_cc[VMIN] = kRaw[mode].least;
    how.c_cc[VTIME] = kRaw[mode].tenths;
  }
  return ::tcsetattr(fd, TCSANOW, &how) == 0;
}

}  // namespace

void Stage::make_lonely_fifo(const Step& step) {
  Var& v = var(step.arg[0]);
  const int object = v.open() ? -1 : new_object(Object::kPipe);
  skipped_ = object < 0;
  if (skipped_) return;
  const int fd[] = {open_lonely_fifo(), open_lonely_fifo()};
  if (fd[0] < 0 || fd[1] < 0) end(Verdict::kCutShort);
  open_var(v, fd, object, true, false);
  shared_.object[object].lonely = true;
}

// A pipe opened once more by its path, as a program would.
void Stage::open_again(const Step& step) {
  Var& v = var(step.arg[0]);
  Var& to = var(step.arg[1]);
  const bool forked = std::any_of(std::begin(shared_.pid), std::end(shared_.pid),
                                  [](pid_t pid) { return pid != 0; });
  // A relative that has closed its read end and opens another is not seen (docs/limitations.md).
  skipped_ = to.open() || object_of(v).kind != Object::kPipe || (forked && step.arg[2] != 1);
  if (skipped_) return;
  constexpr int kModes[] = {O_RDONLY, O_WRONLY, O_RDWR};
  const int mode = static_cast<int>(std::clamp<int64_t>(step.arg[2], 0, 2));
  calls_[kEngine]->expose(v.fd[kEngine], anysplice::SettleReason::kOpen);
  shared_.object[v.object].exposed = true;
  int fd[2];
  Answer answers[2];
  for (int s = 0; s < 2; ++s) {
    answers[s] = call(s, [&](int side) {
      char path[32];
      snprintf(path, sizeof path, "/proc/self/fd/%d", v.fd[side]);
      fd[side] = ::open(path, kModes[mode] | kNonblockOpen);
      return std::min(fd[side], 0);
    });
  }
  agree(answers);
  if (fd[0] < 0) return;
  open_var(to, fd, v.object, mode != 1, mode != 0);
  calls_[kEngine]->expose(fd[kEngine], anysplice::SettleReason::kOpen);  // as shim/hooks.cc does
}

void Stage::make_odd(const Step& step) {
  Var& v = var(step.arg[0]);
  const int64_t which = std::clamp<int64_t>(step.arg[1], 0, 9);
  const bool file = which >= 5 && which <= 8;
  const int object = v.open() ? -1 : new_object(file ? Object::kFile : Object::kDevice);
  skipped_ = object < 0;
  if (skipped_) return;
  const int fd[] = {open_odd(which), open_odd(which)};
  if (fd[0] < 0 || fd[1] < 0) end(Verdict::kCutShort);
  open_var(v, fd, object, true, !file);
  shared_.object[object].odd = true;
  shared_.object[object].endless = which == 9;
}

// The master, and the slave in one of the modes above.
void Stage::make_terminal(const Step& step) {
  Var &a = var(step.arg[0]), &b = var(step.arg[1]);
  const int64_t mode = std::clamp<int64_t>(step.arg[2], 0, 5);
  const int first = a.open() || b.open() || &a == &b || shared_.objects + 2 > Shared::kObjects
                        ? -1
                        : new_object(Object::kDevice);
  skipped_ = first < 0;
  if (skipped_) return;
  const int second = new_object(Object::kDevice);
  shared_.object[first].peer = second;
  shared_.object[second].peer = first;
  int fds[2][2];
  for (int* pair : fds) {
    pair[0] = ::posix_openpt(O_RDWR | O_NOCTTY | kNonblockOpen);
    pair[1] = -1;
    char path[64];
    if (pair[0] >= 0 && ::unlockpt(pair[0]) == 0 && ::ptsname_r(pair[0], path, sizeof path) == 0) {
      pair[1] = ::open(path, O_RDWR | O_NOCTTY | kNonblockOpen);
    }
    if (pair[1] < 0 || !set_mode(pair[1], mode)) end(Verdict::kCutShort);
  }
  for (int i = 0; i < 2; ++i) {
    const int fd[] = {fds[kKernel][i], fds[kEngine][i]};
    const int object = i == 0 ? first : second;
    open_var(i == 0 ? a : b, fd, object, true, true);
    shared_.object[object].terminal = true;
    shared_.object[object].lines = i == 1 && mode == 0;
    shared_.object[object].timed = i == 1 && mode == 4;
  }
}

// A line to a terminal.
void Stage::type(const Step& step) {
  Var& v = var(step.arg[0]);
  skipped_ = !object_of(v).terminal || shared_.object[object_of(v).peer].unread > 1000;
  if (skipped_) return;
  size_t length = std::min<size_t>(static_cast<size_t>(step.arg[1]), 200);
  const size_t from = take_pattern(length);
  std::string line(pattern() + from, length);
  line += '\n';
  const int64_t n = both([&](int side) { return ::write(v.fd[side], line.data(), line.size()); });
  put_bytes(v, n);
}

// What was written to a terminal gets to the other side by and by.
void Stage::arrive_at_terminal(const Var& v) {
  int n[2] = {-1, -1};
  // A thread of the kernel's brings it, and may have to wait for a processor.
  for (int tries = 0; tries < 2000; ++tries) {
    bool good = true;
    for (int side = 0; side < 2; ++side) {
      good &= ::ioctl(v.fd[side], FIONREAD, &n[side]) != 0 || n[side] == object_of(v).unread;
    }
    if (good || (tries >= 200 && n[0] == n[1])) return;
    ::poll(nullptr, 0, 1);
  }
  // Not all of it is a line yet, or the other side is gone.
  for (int side = 0; side < 2; ++side) ::ioctl(v.fd[side], FIONREAD, &n[side]);
  if (n[0] != n[1]) {
    differ("arrived kernel: " + std::to_string(n[0]) + ", engine: " + std::to_string(n[1]));
  }
}

// Whether a call on the kernel's side would wait: a FIFO without writers does not, whatever its
// poll says. What tee copies is thrown away.
bool Stage::ends_at_once(const Var& v) {
  int scratch[2];
  if (!object_of(v).lonely || !v.reads || ::pipe2(scratch, O_CLOEXEC) != 0) return false;
  const ssize_t n = ::syscall(SYS_tee, v.fd[kKernel], scratch[1], 1, SPLICE_F_NONBLOCK);
  for (int fd : scratch) ::close(fd);
  return n >= 0;
}

}  // namespace fuzz
