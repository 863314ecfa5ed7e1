#include "core/sys/mutex.h"

#include <signal.h>

namespace anysplice {
namespace {

// Whether the frame that took a lock is gone: stacks grow downwards, so a handler's frames lie
// below it, but those of code that was jumped back to above. On a stack of its own a handler cannot
// compare, and takes it for interrupted.
bool left_behind(uintptr_t frame, uintptr_t here) {
  stack_t stack;
  const bool apart = sigaltstack(nullptr, &stack) == 0 && (stack.ss_flags & SS_ONSTACK) != 0;
  return !apart && here > frame;
}

}  // namespace

Locked HandlerAwareMutex::lock_slowly(uintptr_t here) {
  const uint32_t me = thread::number();
  Locked result = Locked::kYes;
  for (uint32_t now = word_.load(std::memory_order_relaxed);;) {
    if ((now & ~kWaiters) == me) {
      result = left_behind(frame_, here) ? Locked::kAfterCrash : Locked::kNo;
      if (result == Locked::kAfterCrash) frame_ = here;
      break;
    }
    if (now == 0) {
      // Others may wait still: assume so.
      if (word_.compare_exchange_weak(now, me | kWaiters, std::memory_order_acquire)) break;
    } else if ((now & kWaiters) != 0 ||
               word_.compare_exchange_weak(now, now | kWaiters, std::memory_order_relaxed)) {
      thread::wait_while(word_, now | kWaiters);
      now = word_.load(std::memory_order_relaxed);
    }
  }
  return result;
}

}  // namespace anysplice
