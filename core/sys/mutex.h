// A lock between the threads of a process that can be met by code which a signal handler runs in
// the middle of its owner's: it tells the owner's thread from others, so that a handler never waits
// for the code it interrupted, and code that was left for good by longjmp does not block its thread
// for ever. Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_MUTEX_H_
#define ANYSPLICE_CORE_SYS_MUTEX_H_

#include <errno.h>
#include <stdint.h>

#include <atomic>

#include "core/base/sync_point.h"
#include "core/sys/thread.h"

namespace anysplice {

enum class Locked {
  kYes,
  kAfterCrash,  // yes, but its last owner died, or jumped away, in the middle
  kNo,          // this thread is in a signal handler that interrupted the owner
};

// May be taken and interrupted with signals open: owner and lock
// are one word. Lives in zeroed memory; init() only after a fork.
class HandlerAwareMutex {
 public:
  void init() { word_.store(0, std::memory_order_relaxed); }

  Locked lock() {
    sync_point();
    const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    uint32_t free = 0;
    if (!word_.compare_exchange_strong(free, thread::number(), std::memory_order_acquire))
        [[unlikely]] {
      const Locked slow = lock_slowly(here);
      if (slow != Locked::kYes) return slow;
    }
    frame_ = here;
    return Locked::kYes;
  }

  // kNo if anybody has it.
  Locked try_lock() {
    uint32_t free = 0;
    if (!word_.compare_exchange_strong(free, thread::number(), std::memory_order_acquire)) {
      return Locked::kNo;
    }
    frame_ = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    return Locked::kYes;
  }

  // Whether another thread has it at this moment.
  bool with_another_thread() const {
    const uint32_t owner = word_.load(std::memory_order_seq_cst) & ~kWaiters;
    return owner != 0 && owner != thread::number();
  }

  void unlock() {
    if ((word_.exchange(0, std::memory_order_release) & kWaiters) != 0) thread::wake_one(word_);
    sync_point();
  }

 private:
  static constexpr uint32_t kWaiters = 1u << 31;

  Locked lock_slowly(uintptr_t here);

  std::atomic<uint32_t> word_{};  // the owner's thread number, 0 if free; kWaiters if some may wait
  uintptr_t frame_ = 0;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_MUTEX_H_
