// Signal handlers put off while the engine is at work in their thread, at no system call.
//
// A thread says by a word of its own that it is at work. The handlers that the program installed
// are called by way of ours (signal_actions.h), which looks at that word: at work it only notes the
// signal and closes the mask of the context that it interrupted. The end of the work opens the mask
// again and has the kernel deliver the signal once more, with its siginfo, to a handler that finds
// nothing half-way: it may longjmp, swap stacks, fork, or use the pipe.
//
// Only where every handler is seen (the shim, on Linux), or the program promises that none would
// notice; elsewhere begin() is false and signals have to be blocked. A thread's own affair, and
// async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_DEFERRAL_H_
#define ANYSPLICE_CORE_SYS_DEFERRAL_H_

#include <pthread.h>
#include <signal.h>
#include <stdint.h>

#include <atomic>

#include "core/sys/sys.h"

namespace anysplice::deferral {

// What became of the signals that came during the work so far.
enum class Came { kNone, kRestarts, kInterrupts };

// A signal that was noted, until it is delivered again.
struct Noted {
  // What the kernel fills in of a siginfo_t; the rest is zero.
  static constexpr size_t kInfo = 48;

  std::atomic<uint32_t> turn;  // 0: free; kBusy: being written or read; else their order
  int signal;
  uint32_t generation;  // of the signal's action: what was noted for an earlier one is void
  bool sent;            // the kernel has been asked to deliver it
  bool exchanged;       // since then: this is another that came in between
  // Others that were queued may be delivered before it: they take its place, and it goes first.
  char info[kInfo];
};

// What cancellation does to a thread (pthread_setcancelstate(3)). The type matters too: glibc to
// 2.36 at least, once it has sent its signal to a thread that may be cancelled anywhere, looks at
// nothing else.
struct Cancellation {
  int state;
  int type;

  void forbid() {
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
    // A signal may be on its way, and would act in the next call of libc's that is a cancellation
    // point, whatever the state: those change the type for their time. It may act in this one.
    if (type != PTHREAD_CANCEL_DEFERRED) [[unlikely]]
      sys->poll(nullptr, 0, 0);
  }
  // A pending one acts, if the thread may be cancelled anywhere.
  void restore() const {
    if (type != PTHREAD_CANCEL_DEFERRED) pthread_setcanceltype(type, nullptr);
    pthread_setcancelstate(state, nullptr);
  }
};

struct Thread {
  static constexpr uint32_t kBusy = UINT32_MAX;
  static constexpr int kPlaces = 4;
  // The kernel's signal mask, as it lies in a ucontext_t.
  using Mask = uint64_t;

  std::atomic<uint32_t> state;  // how deep in work this thread is, and the bits below
  std::atomic<uint32_t> noted;  // places that are not free
  std::atomic<uint32_t> turns;
  std::atomic<bool> closed;  // the mask was closed, and is to be opened
  std::atomic<Came> came;
  Cancellation cancellation;  // what to give back, with kCancelKept
  Mask open;                  // the signals that the mask did not have before it was closed
  Noted places[kPlaces];
};

// In `state`: cancellation is disabled by us, and by a section that has not ended or
// NoCancellation.
inline constexpr uint32_t kCancelKept = 1u << 31;
inline constexpr uint32_t kNoCancellation = 1u << 30;
inline constexpr uint32_t kWork = kNoCancellation - 1;

inline constinit thread_local Thread self{};

// Whether handlers are called by way of ours.
inline constinit std::atomic<bool> available{false};
// Or never need be: the program promises that its handlers are plain (anysplice_plain_handlers()).
inline void assume_plain_handlers() { available.store(true, std::memory_order_relaxed); }

// In our handler. note(): puts the signal off. first_come(): what was noted before comes first, and
// takes the place of what came now.
void note(int signal, const siginfo_t* info, void* context, uint32_t generation, bool restarts);
void first_come(int signal, siginfo_t* info, uint32_t generation);

// Has the kernel deliver what was noted; `mask` is what the end of a section would restore, or
// null.
void deliver(const sigset_t* mask);
// What was noted is the parent's.
void become_child();
// Whoever was at work in this thread's memory is gone (a child of vfork), with what it noted.
void forget_work();
inline bool at_work() { return self.state.load(std::memory_order_relaxed) != 0; }
inline bool has_something() { return at_work() || self.noted.load(std::memory_order_relaxed) != 0; }

inline void set_state(uint32_t to) {
  std::atomic_signal_fence(std::memory_order_seq_cst);
  self.state.store(to, std::memory_order_relaxed);
  std::atomic_signal_fence(std::memory_order_seq_cst);
}

// From here to end() no handler runs and no cancellation acts. False: there is no way to.
inline bool begin() {
  if (!available.load(std::memory_order_relaxed)) return false;
  const uint32_t before = self.state.load(std::memory_order_relaxed);
  set_state(before + 1);
  if (before == 0) {
    self.cancellation.forbid();
    set_state(kCancelKept | 1);
  }
  return true;
}

// Until the state is 0 again a handler gives back the state of cancellation before it runs: it may
// never return.
inline void allow_cancellation() {
  set_state(kCancelKept);
  self.cancellation.restore();
  set_state(0);
}

// Keeps errno, as far as no handler changes it.
inline void end(const sigset_t* mask) {
  const uint32_t after = self.state.load(std::memory_order_relaxed) - 1;
  if (after == kCancelKept) {
    allow_cancellation();
  } else {
    set_state(after);
  }
  if (mask != nullptr || self.closed.load(std::memory_order_relaxed)) [[unlikely]]
    deliver(mask);
}

// A call that is no cancellation point, though it waits by such that are.
class NoCancellation {
 public:
  NoCancellation();
  ~NoCancellation() {
    if (on_) allow_cancellation();
  }
  NoCancellation(const NoCancellation&) = delete;
  NoCancellation& operator=(const NoCancellation&) = delete;

 private:
  bool on_ = false;
};

}  // namespace anysplice::deferral

#endif  // ANYSPLICE_CORE_SYS_DEFERRAL_H_
