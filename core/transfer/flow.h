// The frame of every transfer: attempts that never wait, inside a CriticalSection, and between them
// waits in the kernel that hold nothing.
//
// A Flow is one call, of one thread. Async-signal-safe: handlers run between attempts and in every
// wait, when nothing is locked.
#ifndef ANYSPLICE_CORE_TRANSFER_FLOW_H_
#define ANYSPLICE_CORE_TRANSFER_FLOW_H_

#include <errno.h>
#include <fcntl.h>

#include "core/pipe/pipe_lock.h"
#include "core/sys/critical_section.h"
#include "core/sys/splice_flags.h"
#include "core/sys/thread.h"
#include "core/transfer/endpoint.h"

namespace anysplice {

// The most one call moves, as in the kernel (MAX_RW_COUNT; read(2)).
inline constexpr size_t kMaxTransfer = 0x7ffff000;

// kAgain: go on, but let signals act first.
enum class Step { kDone, kAgain, kWaitIn, kWaitOut };

struct Flow {
  Endpoint in;
  Endpoint out;
  size_t length;
  unsigned flags;
  size_t moved = 0;
  int error = 0;   // positive errno; counts only if nothing moved
  int signal = 0;  // to raise once nothing is locked any more

  size_t left() const { return length - moved; }

  // O_NONBLOCK of a pipe is the flag. Asked only by who would wait otherwise.
  bool nonblocking() const {
    return (flags & kSpliceNonblock) != 0 || (in.kind == Kind::kPipe && in.nonblocking()) ||
           (out.kind == Kind::kPipe && out.nonblocking());
  }

  Step fail(int positive_errno) {
    error = positive_errno;
    return Step::kDone;
  }

  // Nobody is left to read what would be written.
  Step no_reader() {
    signal = SIGPIPE;
    return fail(EPIPE);
  }

  // A pipe cannot go on. Waiting is for calls that moved nothing and may wait; a ring is settled
  // first, so that the wait is the kernel's.
  Step stall(PipeLock& pipe, Step wait) {
    if (moved > 0) return Step::kDone;
    if (nonblocking()) return fail(EAGAIN);
    if (pipe.is_ring()) pipe.to_kernel(SettleReason::kWait);
    return wait;
  }
};

// Whether the end's number names what it did when it was looked at, for all that is seen. True
// where changes may be those of another table of descriptors than the thread's.
bool names_the_same(const Endpoint& end);

// In the kernel, for one end: 0 or -errno. `restarts` and `vain` as in kernel_pipe.h. A
// cancellation point. -EBADF if another thread has closed a number meanwhile, or made it name
// something else: the kernel's call goes on with what it was given, for which we have no name any
// more.
int wait(Flow& flow, Step step, bool restarts, unsigned vain);

// Runs attempts until one is done. Returns bytes moved or -errno.
template <typename Attempt>
ssize_t run(Flow& flow, Attempt attempt) {
  unsigned waits = 0;
  for (;;) {
    Step step;
    deferral::Came signals;
    {
      CriticalSection section;
      step = attempt(section);
      signals = step > Step::kAgain ? section.came_before_wait() : section.came();
    }
    if (flow.signal != 0) thread::raise_as_kernel(flow.signal);
    if (flow.moved == 0 && signals != deferral::Came::kNone) [[unlikely]] {
      // A handler that was put off ran just now, as if it had interrupted a wait of this call.
      if (step == Step::kDone && flow.error == EINTR && signals == deferral::Came::kRestarts) {
        flow.error = 0;
        continue;
      }
      if (step > Step::kAgain && signals == deferral::Came::kInterrupts) step = flow.fail(EINTR);
    }
    // What has moved is the answer of a call that waits and is interrupted.
    if (flow.moved > 0 && step > Step::kAgain && signals != deferral::Came::kNone) break;
    if (step == Step::kDone) break;
    if (step == Step::kAgain) continue;
    // A partial transfer is never restarted: its count is the answer.
    const int error = wait(flow, step, flow.moved == 0, waits++);
    // A number that was given to something else behind our back; the next attempt looks at it.
    const Endpoint& end = step == Step::kWaitOut ? flow.out : flow.in;
    if (error == -ENOTSOCK && end.remembered) continue;
    if (error != 0) {
      flow.error = -error;
      break;
    }
  }
  return flow.moved > 0 ? static_cast<ssize_t>(flow.moved) : -flow.error;
}

// The transfers; the ends are checked and of the kinds the names say. Bytes moved or -errno.
ssize_t move_into_pipe(Flow& flow);
ssize_t move_out_of_pipe(Flow& flow);
ssize_t move_between_pipes(Flow& flow);
ssize_t link_between_pipes(Flow& flow);  // tee
ssize_t move_through_memory(Flow& flow);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_TRANSFER_FLOW_H_
