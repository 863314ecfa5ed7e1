// What read.cc and write.cc share: how a call on a pipe of the engine's goes on, and the arguments
// that the engine leaves to the kernel.
//
// No state; thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_PIPE_IO_H_
#define ANYSPLICE_CORE_CALLS_PIPE_IO_H_

#include <pthread.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <algorithm>

#include "core/memory/own_segments.h"
#include "core/transfer/flow.h"

namespace anysplice {

// What the engine says to a read or write.
struct Outcome {
  enum class Next {
    kReturn,     // `result` is the program's answer
    kAskKernel,  // the kernel's own call is
    kLookAgain,  // the pipe is not what it was
    kWait,       // and look again when there is something to read
  };
  Next next;
  ssize_t result;  // bytes or -errno

  static Outcome of(ssize_t result) { return {Next::kReturn, result}; }
  static Outcome ask_kernel() { return {Next::kAskKernel, 0}; }
  static Outcome look_again() { return {Next::kLookAgain, 0}; }
  static Outcome wait() { return {Next::kWait, 0}; }
};

// The engine's answer. Arguments that the kernel would refuse, or that ask for nothing, are the
// kernel's to answer.
template <typename Engine>
Outcome by_engine(int fd, const iovec* iov, int count, Engine engine) {
  if (count <= 0) return Outcome::ask_kernel();
  const OwnSegments own(iov, static_cast<size_t>(count));
  if (own.error() != 0 || own.total() == 0) return Outcome::ask_kernel();
  pthread_testcancel();  // a cancellation point also if it does not wait (pthreads(7))
  return engine(fd, own.iov(), static_cast<size_t>(count), own.total());
}

// One buffer as a segment. A length of 32 bits that would be negative as a segment's is none to a
// kernel of 64.
inline iovec segment(void* buf, size_t size) {
  return {buf, sizeof(size) < sizeof(int64_t) ? std::min(size, kMaxTransfer) : size};
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_PIPE_IO_H_
