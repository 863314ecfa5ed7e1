// macOS: for each pair in the section __DATA,__interpose of a library that a program is linked
// with, or that DYLD_INSERT_LIBRARIES names (dyld(1)), dyld binds all other images to the first
// function where they ask for the second. Our own calls of libc's functions are not rebound, so the
// seam is bound to libc by name (core/sys/libc.cc).
//
// Variable arguments are on the stack on arm64, others in registers: what has them is written out.
#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "core/memory/user_memory.h"
#include "shim/hooks.h"

using sighandler_t = sig_t;
extern "C" int forkpty(int*, char*, termios*, winsize*);  // <util.h>, forkpty(3)

namespace {

struct Pair {
  const void* ours;
  const void* theirs;
};

#define PAIR(symbol, function)                                                      \
  __attribute__((used, section("__DATA,__interpose"))) const Pair pair_##symbol = { \
      reinterpret_cast<const void*>(&function), reinterpret_cast<const void*>(&::symbol)}

#define ENGINE(type, symbol, params, call, why) \
  type ours_##symbol params {                   \
    using namespace anysplice;                  \
    return anysplice::call;                     \
  }                                             \
  PAIR(symbol, ours_##symbol);

#define BEFORE(type, symbol, params, args, action, why)                             \
  type ours_##symbol params {                                                       \
    using namespace anysplice;                                                      \
    [[maybe_unused]] const auto real = reinterpret_cast<type(*) params>(&::symbol); \
    action;                                                                         \
    return real args;                                                               \
  }                                                                                 \
  PAIR(symbol, ours_##symbol);

#define FRESH(symbol, params, args, why)                    \
  int ours_##symbol params {                                \
    const int made = anysplice::shim::fresh(::symbol args); \
    if (made >= 0) anysplice::shim::opened args;            \
    return made;                                            \
  }                                                         \
  PAIR(symbol, ours_##symbol);

#pragma clang diagnostic ignored "-Wdeprecated-declarations"  // daemon, for one: others call it
#include "symbols_macos.def"

// The third argument, if there is one.
#define THIRD(type, name, last)         \
  va_list list;                         \
  va_start(list, last);                 \
  const auto name = va_arg(list, type); \
  va_end(list)

int ours_open(const char* path, int flags, ...) {
  THIRD(int, mode, flags);
  // (One of /dev/fd/N is a copy.)
  const int made = anysplice::shim::reused(::open(path, flags, mode));
  if (made >= 0) anysplice::shim::opened(path);
  return made;
}
PAIR(open, ours_open);

int ours_openat(int at, const char* path, int flags, ...) {
  THIRD(int, mode, flags);
  const int made = anysplice::shim::reused(::openat(at, path, flags, mode));
  if (made >= 0) anysplice::shim::opened(path);
  return made;
}
PAIR(openat, ours_openat);

int ours_fcntl(int fd, int command, ...) {
  THIRD(long, argument, command);
  return anysplice::fcntl(fd, command, argument);
}
PAIR(fcntl, ours_fcntl);

int ours_ioctl(int fd, unsigned long request, ...) {
  THIRD(void*, argument, request);
  return anysplice::ioctl(fd, request, argument);
}
PAIR(ioctl, ours_ioctl);

// kqueue(2): a pipe that is watched is settled and stays so.
template <typename Event>
void watched(const Event* changes, int count) {
  if (changes == nullptr || count <= 0 ||
      anysplice::check_readable(changes, static_cast<size_t>(count) * sizeof(*changes)) != 0) {
    return;
  }
  for (int i = 0; i < count; ++i) {
    if (changes[i].filter == EVFILT_READ || changes[i].filter == EVFILT_WRITE) {
      anysplice::expose(static_cast<int>(changes[i].ident), anysplice::SettleReason::kEpoll);
    }
  }
}

int ours_kevent(int queue, const struct kevent* changes, int count, struct kevent* events, int room,
                const timespec* timeout) {
  watched(changes, count);
  return ::kevent(queue, changes, count, events, room, timeout);
}
PAIR(kevent, ours_kevent);

int ours_kevent64(int queue, const kevent64_s* changes, int count, kevent64_s* events, int room,
                  unsigned flags, const timespec* timeout) {
  watched(changes, count);
  return ::kevent64(queue, changes, count, events, room, flags, timeout);
}
PAIR(kevent64, ours_kevent64);

// libc is ready: it was initialized before us.
__attribute__((constructor(102))) void loaded() { anysplice::shim::start_trace(); }

// A vfork child runs on the caller's stack frame. vfork(2) may be fork(2).
PAIR(vfork, ours_fork);

}  // namespace

// What macOS has not: for programs that are linked with the library (anysplice/splice.h). Its
// sendfile is another call.
#define EXPORTED extern "C" __attribute__((visibility("default")))

EXPORTED ssize_t splice(int in, int64_t* off_in, int out, int64_t* off_out, size_t length,
                        unsigned flags) {
  return anysplice::splice(in, off_in, out, off_out, length, flags);
}
EXPORTED ssize_t tee(int in, int out, size_t length, unsigned flags) {
  return anysplice::tee(in, out, length, flags);
}
EXPORTED ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  return anysplice::vmsplice(fd, iov, count, flags);
}
