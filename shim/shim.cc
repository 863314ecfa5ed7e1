// The exported symbols, made from the table.
#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <termios.h>
#include <wchar.h>
#include <wordexp.h>

#include "core/base/placement.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "shim/hooks.h"
#include "shim/real.h"

namespace shim = anysplice::shim;  // for parameters

// libc declares these names with attributes and variable parameter lists that must not bind us:
// each function has a name of its own here, and the table's in the object. (The rows use # and ##
// only, so a name that is a macro, as open64 was in musl, stays what it is.)
#define EXPORTED(type, name, function, params)                                          \
  extern "C" __attribute__((visibility("default"))) type function params __asm__(name); \
  extern "C" type function params

#define ENGINE(type, symbol, params, call, why)              \
  EXPORTED(type, #symbol, anysplice_shim_##symbol, params) { \
    using namespace anysplice;                               \
    return anysplice::call;                                  \
  }

#define BEFORE(type, symbol, params, args, action, why)                     \
  static std::atomic<type(*) params> bound_##symbol;                        \
  EXPORTED(type, #symbol, anysplice_shim_##symbol, params) {                \
    using namespace anysplice;                                              \
    [[maybe_unused]] const auto real = shim::bind(bound_##symbol, #symbol); \
    action;                                                                 \
    return real args;                                                       \
  }

#define FRESH(symbol, params, args, why)                                                          \
  static std::atomic<int(*) params> bound_##symbol;                                               \
  EXPORTED(int, #symbol, anysplice_shim_##symbol, params) {                                       \
    const int made = anysplice::shim::fresh(anysplice::shim::bind(bound_##symbol, #symbol) args); \
    if (made >= 0) anysplice::shim::opened args;                                                  \
    return made;                                                                                  \
  }

// Called at the start of each program, like the constructor.
extern "C" ANYSPLICE_AT_START int anysplice_shim___libc_start_main(
    int (*)(int, char**, char**), int, char**, void (*)(), void (*)(), void (*)(),
    void*) __asm__("__libc_start_main");

#include "shim/symbols.def"
#if defined(__GLIBC__) && !defined(__LP64__)
#include "shim/symbols_32.def"
#endif
