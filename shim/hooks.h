// What the rows of the table need besides the engine.
//
// Thread-safe. As safe in a signal handler as the call that each of them goes with.
#ifndef ANYSPLICE_SHIM_HOOKS_H_
#define ANYSPLICE_SHIM_HOOKS_H_

#include <aio.h>
#include <stdio.h>
#include <sys/types.h>

#include <initializer_list>

#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "core/fd/fd_table.h"
#include "core/fd/own_description.h"
#include "core/memory/guarded_signals.h"
#include "core/sys/fault_mask.h"
#include "core/sys/signal_actions.h"
#include "core/sys/sys.h"
#include "core/sys/vfork_child.h"
#include "shim/backtrace.h"
#include "shim/memory_calls.h"
#include "shim/narrow.h"
#include "shim/trace.h"

// glibc's name for an offset of 64 bits, which musl had as a macro until 1.2.4.
#if !defined(__GLIBC__) && !defined(off64_t)
using off64_t = int64_t;
#endif

namespace anysplice::shim {

// syscall(2): the calls that have a row of their own go the same way by number.
long by_number(long number, long a, long b, long c, long d, long e, long f);

// The rest of it: the calls that take memory away, and those that are none of ours.
long memory_by_number(long number, long a, long b, long c, long d, long e, long f);

// Whether that call's answer is a descriptor, whose number may be known from before.
bool makes_descriptor(long number);

// A path was just opened: if it names one of our descriptors, that is settled before anybody can
// use the new one. Not before it is opened: only then is it known, without a system call, that the
// path can be read.
void opened(const char* path);
inline void opened(const char* path, auto...) { opened(path); }
inline void opened(int, const char* path, auto...) { opened(path); }
inline void opened(auto...) {}

// The program takes a signal for itself. Always false: nothing is answered by that.
inline bool taking(int signal) {
  const struct sigaction unknown {};
  return fault_guard::on_sigaction(signal, &unknown, nullptr);
}

// unshare(2) is about to be called with these flags.
void unsharing(int flags);

// prctl(2) is about to be called, and was called with success.
void controlling(int operation, long value);
void controlled(int operation, long value);

// A row of the table that sets a handler: answered by the guard, else by ours, else by libc.
#define HANDLER(guard, answer, call) \
  if (guard) return answer;          \
  if constexpr (signal_actions::kThere) return signal_actions::call

// A stdio stream is about to be read.
void reading(FILE* file);

// Jobs of POSIX AIO are about to be started. (Those with offsets of 64 bits begin alike.)
void starting(const aiocb* job);
void starting(const aiocb* const* jobs, int count);

// A number has a new meaning: forget what it used to be.
inline int reused(int fd) {
  if (fd >= 0 && fd_entry(fd).word != 0) forget(fd);
  return fd;
}

// The same, for a description that was just made.
inline int fresh(int fd) {
  if (reused(fd) >= 0) own_description::note_made(fd);
  return fd;
}

inline FILE* opened(FILE* file, const char* path) {
  if (file != nullptr) opened(path);
  return file;
}

inline int fresh_pair(int error, const int* fds) {
  if (error == 0) {
    fresh(fds[0]);
    fresh(fds[1]);
  }
  return error;
}

// 0, 1 and 2 were replaced inside libc, as login_tty(fd) does, and fd closed if it is another.
inline void standard_replaced(int fd) {
  for (const int number : {0, 1, 2, fd}) reused(number);
  fd_replaced.fetch_add(1);
}

struct AroundFork {
  AroundFork() { before_fork(); }
  pid_t call(pid_t (*real)()) {
    const pid_t pid = real();
    after_fork(pid == 0);
    return pid;
  }
};

// A call that forks inside libc, and replaces descriptors before its child comes back.
template <typename Call>
int forking(Call call) {
  const pid_t parent = sys->getpid();
  expose_all(SettleReason::kFork);
  before_fork();
  const int result = call();
  const bool child = sys->getpid() != parent;
  after_fork(child);
  if (child) standard_replaced(0);
  return result;
}

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_HOOKS_H_
