// Whether the calling thread blocks SIGSEGV or SIGBUS, so that a fault would end the process
// whatever handler it has.
//
// The kernel is asked, at one system call, when the mask may have become another unseen: at first,
// and once a handler has begun, which has a mask of its own, or that of sigsuspend(2) and its like.
// A thread is asked each time if it was seen to block one of the two, because a jump may bring that
// mask back; or if its first mask is not known and may be such a one: a handler came before it was
// asked for, or another thread has blocked one.
//
// A thread's own affair, and async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_FAULT_MASK_H_
#define ANYSPLICE_CORE_SYS_FAULT_MASK_H_

#include <signal.h>

#include <atomic>

namespace anysplice::fault_mask {

enum class Known {
  kNothing,
  kOpen,       // now
  kOpenBelow,  // where the last handler came
  kAskAlways,
};
inline constinit thread_local std::atomic<Known> known{Known::kNothing};

// At the beginning of each handler of the program.
inline void handler_begins() {
  const Known now = known.load(std::memory_order_relaxed);
  if (now == Known::kOpen) {
    known.store(Known::kOpenBelow, std::memory_order_relaxed);
  } else if (now == Known::kNothing) {
    known.store(Known::kAskAlways, std::memory_order_relaxed);
  }
}

// sigprocmask(2) and its like succeeded, with these arguments.
void changed(int how, const sigset_t* set);
// The thread is about to block these signals, as a mask of sigblock(3), or one signal.
void blocks_mask(int mask);
void blocks_signal(int signal);
// The thread may block one of the two, now or again after a jump.
inline constinit std::atomic<bool> anybody_blocked{false};
inline void may_block() {
  anybody_blocked.store(true, std::memory_order_relaxed);
  known.store(Known::kAskAlways, std::memory_order_relaxed);
}

// Asks the kernel.
bool look();
inline bool open() { return known.load(std::memory_order_relaxed) == Known::kOpen || look(); }

}  // namespace anysplice::fault_mask

#endif  // ANYSPLICE_CORE_SYS_FAULT_MASK_H_
