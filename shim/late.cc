// Functions that are needed seldom, and not at the start of a program: each is looked up at its
// first use, like those behind our own symbols. What the loader has to look up costs every exec
// about 0.1 us. And before glibc 2.34 some are in libpthread: the object need not ask for that,
// which has to be opened at each exec even where it is empty; a program without it has no threads.
//
// Only the shared object has these names, and hides them. There is none that libc chooses by the
// processor (strchr), which only the loader finds, and none that is called with every transfer.
//
// Thread-safe and async-signal-safe as shim/real.h is.
#include <pthread.h>
#include <signal.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "core/base/placement.h"
#include "shim/real.h"

// (The headers declare the names with attributes, or as macros.)
#define LATE(type, name, params, args)                              \
  static std::atomic<type(*) params> late_##name;                   \
  extern "C" __attribute__((visibility("hidden")))                  \
  type anysplice_late_##name params __asm__(#name);                 \
  extern "C" ANYSPLICE_AT_START type anysplice_late_##name params { \
    return anysplice::shim::bind(late_##name, #name) args;          \
  }

LATE(int, __libc_current_sigrtmin, (), ())
LATE(int, fileno, (void* stream), (stream))
LATE(uid_t, geteuid, (), ())
LATE(pid_t, getppid, (), ())
LATE(int, getrlimit, (int what, void* limits), (what, limits))
LATE(int, getrlimit64, (int what, void* limits), (what, limits))
LATE(uid_t, getuid, (), ())
LATE(const char*, inet_ntop, (int family, const void* address, char* text, socklen_t size),
     (family, address, text, size))
LATE(int, isatty, (int fd), (fd))
LATE(int, nanosleep, (const timespec* time, timespec* rest), (time, rest))
LATE(int, pthread_key_create, (pthread_key_t * key, void (*at_end)(void*)), (key, at_end))
LATE(int, pthread_key_delete, (pthread_key_t key), (key))
LATE(int, pthread_setspecific, (pthread_key_t key, const void* value), (key, value))
LATE(void, pthread_testcancel, (), ())
LATE(ssize_t, readlink, (const char* path, char* to, size_t size), (path, to, size))
LATE(int, shmctl, (int id, int command, void* data), (id, command, data))
LATE(int, sigaddset, (sigset_t * set, int signal), (set, signal))
LATE(int, sigaltstack, (const stack_t* stack, stack_t* old), (stack, old))
LATE(int, sigemptyset, (sigset_t * set), (set))
LATE(long, strtol, (const char* text, char** end, int base), (text, end, base))
LATE(unsigned long, strtoul, (const char* text, char** end, int base), (text, end, base))
LATE(int, uname, (utsname * to), (to))
