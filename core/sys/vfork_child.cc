#include "core/sys/vfork_child.h"

#include <pthread.h>

#include "core/sys/deferral.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice {
namespace {

// Somebody asked while it was not known.
constinit thread_local bool asked = false;

// In BeforeVfork, below the depth: what the thread had put off, and its cancellation.
constexpr int kSomething = 1;
constexpr int kDisabled = 2;
constexpr int kAsynchronous = 4;

bool cancellation_disabled() {
  int state;
  pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
  pthread_setcancelstate(state, nullptr);
  return state == PTHREAD_CANCEL_DISABLE;
}

bool cancellation_asynchronous() {
  int type;
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
  if (type != PTHREAD_CANCEL_DEFERRED) pthread_setcanceltype(type, nullptr);
  return type != PTHREAD_CANCEL_DEFERRED;
}

void set_cancellation(bool disabled, bool asynchronous) {
  pthread_setcanceltype(asynchronous ? PTHREAD_CANCEL_ASYNCHRONOUS : PTHREAD_CANCEL_DEFERRED,
                        nullptr);
  pthread_setcancelstate(disabled ? PTHREAD_CANCEL_DISABLE : PTHREAD_CANCEL_ENABLE, nullptr);
}

}  // namespace

bool in_borrowed_memory() {
  if (vfork_depth == kVforkComes) asked = true;
  if (vfork_depth != 0) return true;
  return sys->getpid() != memory_lender.load(std::memory_order_relaxed);
}

BeforeVfork vfork_comes() {
  const int depth = vfork_depth;
  vfork_depth = kVforkComes;
  return 8 * depth + (deferral::has_something() ? kSomething : 0) +
         (cancellation_disabled() ? kDisabled : 0) +
         (cancellation_asynchronous() ? kAsynchronous : 0);
}

void become_vfork_child(BeforeVfork before) { vfork_depth = before / 8 + 1; }

void InHandler::begin() {
  if (!thread::is_libcs()) return;
  comes_ = vfork_depth == kVforkComes;
  if (!comes_ && deferral::at_work()) deferral::forget_work();  // the child's
  vfork_depth = 0;
}

bool vfork_returns(BeforeVfork before) {
  // The child may have died at work, or with signals put off that were its own.
  if ((before & kSomething) == 0) {
    const bool at_work = deferral::at_work();
    deferral::forget_work();
    // It may not even have noted what cancellation was.
    if (at_work) {
      set_cancellation((before & kDisabled) != 0, (before & kAsynchronous) != 0);
    }
  }
  vfork_depth = before / 8;
  const bool sure = !asked;
  asked = false;
  return sure;
}

void lend_memory() { memory_lender.store(sys->getpid(), std::memory_order_relaxed); }

void vfork_is_over() {
  vfork_depth = 0;
  asked = false;
  memory_lender.store(0, std::memory_order_relaxed);
}

}  // namespace anysplice
