// Why a pipe is settled: the events of docs/where-bytes-are.md, for the counters and the trace.
#ifndef ANYSPLICE_CORE_TELEMETRY_SETTLE_REASON_H_
#define ANYSPLICE_CORE_TELEMETRY_SETTLE_REASON_H_

#include <stddef.h>

namespace anysplice {

enum class SettleReason {
  kWait,     // a call has to wait
  kWrite,    // a write that does not fit into a ring, or goes behind held bytes
  kPoll,     // poll or select that may wait, or that asks for room behind held bytes
  kEpoll,    // put into an epoll set
  kWatched,  // bytes may not stay held: the pipe is in an epoll set, or in other hands
  kSleeper,  // bytes may not stay held: a thread of a related process waits for some
  kFork,     // two processes with one pipe
  kVfork,
  kExec,        // exec, posix_spawn, system, popen
  kRights,      // sent over a socket (SCM_RIGHTS)
  kPrivileges,  // the process is about to give up privileges
  kStdio,       // a FILE on the pipe
  kDprintf,
  kAio,       // POSIX AIO
  kFlags,     // preadv2 or pwritev2 with flags
  kFcntl,     // O_DIRECT or O_ASYNC
  kIoctl,     // one that the engine does not know
  kOpen,      // /dev/fd/N and the like
  kStandard,  // became descriptor 0, 1 or 2
  kResize,    // F_SETPIPE_SZ
  kClose,     // a descriptor closed
  kMemory,    // no safe way to copy the program's memory, or none left
  kUnseen,    // bytes came past the engine and do not fit
  kSyscall,   // a rarer call by its number
  kRaw,       // a call was made past the engine, and is carried out by a supervisor
  kUring,     // io_uring is used
  kLoader,    // code was loaded whose calls go past the engine
  kUnshare,   // a thread with descriptors of its own
  kAsked,     // the program asked for it: anysplice_settle()
  kExit,      // the end of the process
};
inline constexpr size_t kSettleReasons = static_cast<size_t>(SettleReason::kExit) + 1;

// "poll", "fork", ...: one word each.
extern const char* const settle_reason_names[kSettleReasons];

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_TELEMETRY_SETTLE_REASON_H_
