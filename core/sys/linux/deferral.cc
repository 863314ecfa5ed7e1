// The kernel's part of a handler's frame: ucontext_t, siginfo_t.
#include "core/sys/deferral.h"

#include <errno.h>
#include <string.h>
#include <ucontext.h>

#include <utility>

#include "core/base/keep_errno.h"
#include "core/sys/linux/interrupted_call.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice::deferral {
namespace {

using Mask = Thread::Mask;

bool real_time(int signal) { return signal >= SIGRTMIN; }

// The kernel's eight bytes of a set of signals.
Mask as_mask(const sigset_t& set) {
  Mask mask;
  memcpy(&mask, &set, sizeof(mask));
  return mask;
}

// All but those of a faulting instruction, and libc's own two (which sigfillset leaves out).
sigset_t all_to_close() {
  sigset_t all;
  sigfillset(&all);
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGSYS}) sigdelset(&all, fault);
  return all;
}

// Claims a free place. Null if there is none.
Noted* claim() {
  for (Noted& place : self.places) {
    uint32_t free = 0;
    if (place.turn.compare_exchange_strong(free, Thread::kBusy, std::memory_order_relaxed)) {
      self.noted.fetch_add(1, std::memory_order_relaxed);
      return &place;
    }
  }
  return nullptr;
}

void fill(Noted* place, int signal, const siginfo_t* info, uint32_t generation, bool sent) {
  place->signal = signal;
  place->generation = generation;
  place->sent = sent;
  memcpy(place->info, info, sizeof(place->info));
  std::atomic_signal_fence(std::memory_order_release);
  place->turn.store(1 + self.turns.fetch_add(1, std::memory_order_relaxed) % (Thread::kBusy - 1),
                    std::memory_order_relaxed);
}

void free_place(Noted* place) {
  place->turn.store(0, std::memory_order_relaxed);
  self.noted.fetch_sub(1, std::memory_order_relaxed);
}

// Takes the one that was noted first. Null if there is none.
Noted* take_first(int signal, uint32_t generation) {
  for (;;) {
    Noted* first = nullptr;
    uint32_t turn = Thread::kBusy;
    for (Noted& place : self.places) {
      const uint32_t its = place.turn.load(std::memory_order_relaxed);
      if (its == 0 || its >= turn || place.signal != signal) continue;
      first = &place;
      turn = its;
    }
    if (first == nullptr) return nullptr;
    if (!first->turn.compare_exchange_strong(turn, Thread::kBusy, std::memory_order_relaxed)) {
      continue;  // a handler that came in between was faster
    }
    if (first->generation == generation) return first;
    free_place(first);
  }
}

bool any_like(int signal, const siginfo_t* info) {
  for (const Noted& place : self.places) {
    const uint32_t turn = place.turn.load(std::memory_order_relaxed);
    if (turn != 0 && turn != Thread::kBusy && place.signal == signal &&
        (info == nullptr || memcmp(place.info, info, sizeof(place.info)) == 0)) {
      return true;
    }
  }
  return false;
}

// Where the system refuses (a sandbox, RLIMIT_SIGPENDING): the handler is called from here, on this
// stack.
[[gnu::noinline]] void call(int signal, siginfo_t& info) {
  struct sigaction action;
  if (sys->sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_DFL ||
      action.sa_handler == SIG_IGN) {
    return;
  }
  if ((action.sa_flags & SA_NODEFER) == 0) sigaddset(&action.sa_mask, signal);
  ucontext_t context{};
  sys->pthread_sigmask(SIG_BLOCK, &action.sa_mask, &context.uc_sigmask);
  action.sa_sigaction(signal, &info, &context);
  sys->pthread_sigmask(SIG_SETMASK, &context.uc_sigmask, nullptr);
}

// Both out of line: few calls need their stack.
[[gnu::noinline]] void send_all(Noted* (&refused)[Thread::kPlaces]) {
  int count = 0;
  for (Noted& place : self.places) {
    const uint32_t turn = place.turn.load(std::memory_order_relaxed);
    if (turn == 0 || turn == Thread::kBusy || place.sent) continue;
    place.sent = true;
    siginfo_t info{};
    memcpy(&info, place.info, sizeof(place.info));
    if (!thread::send(place.signal, info)) refused[count++] = &place;
  }
}

[[gnu::noinline]] void call_refused(Noted* place) {
  siginfo_t info{};
  const int signal = place->signal;
  memcpy(&info, place->info, sizeof(place->info));
  free_place(place);
  call(signal, info);
}

}  // namespace

void note(int signal, const siginfo_t* info, void* context, uint32_t generation, bool restarts) {
  auto* const interrupted = static_cast<ucontext_t*>(context);
  if (!restarts) {
    self.came.store(Came::kInterrupts, std::memory_order_relaxed);
  } else if (self.came.load(std::memory_order_relaxed) == Came::kNone) {
    self.came.store(Came::kRestarts, std::memory_order_relaxed);
  }
  const sigset_t close = all_to_close();
  // Of a signal that is no real-time one the first stands for all that came.
  if (real_time(signal) || !any_like(signal, nullptr)) {
    if (Noted* place = claim(); place != nullptr) {
      fill(place, signal, info, generation, false);
    } else {
      // It waits in the kernel, which delivers it when the mask is opened.
      const KeepErrno keep;
      sys->pthread_sigmask(SIG_BLOCK, &close, nullptr);
      thread::send(signal, *info);
    }
  }
  // A handler that interrupts this one adds what it finds; the mask that this one interrupted has
  // the fewest signals of all.
  self.open |= ~as_mask(interrupted->uc_sigmask);
  self.closed.store(true, std::memory_order_relaxed);
  const Mask mask = as_mask(interrupted->uc_sigmask) | as_mask(close);
  memcpy(&interrupted->uc_sigmask, &mask, sizeof(mask));
  if (restarts) end_interrupted_call(interrupted);
}

void first_come(int signal, siginfo_t* info, uint32_t generation) {
  const bool ours = any_like(signal, info);
  Noted* const first = take_first(signal, generation);
  if (first == nullptr) return;
  char before[Noted::kInfo];
  memcpy(before, info, sizeof(before));
  memcpy(info, first->info, sizeof(first->info));
  // One that came since then waits its turn; of one that is no real-time signal there is only one.
  if (real_time(signal) && !ours) {
    fill(first, signal, reinterpret_cast<const siginfo_t*>(before), generation, true);
  } else {
    free_place(first);
  }
}

void deliver(const sigset_t* mask) {
  const KeepErrno keep;
  if (!self.closed.load(std::memory_order_relaxed)) {
    sys->pthread_sigmask(SIG_SETMASK, mask, nullptr);
    return;
  }
  if (mask != nullptr) self.open |= ~as_mask(*mask);
  if ((self.state.load(std::memory_order_relaxed) & kWork) != 0) return;
  Noted* refused[Thread::kPlaces]{};
  send_all(refused);
  const Mask before = ~std::exchange(self.open, 0);
  sigset_t opened;
  sigemptyset(&opened);
  memcpy(&opened, &before, sizeof(before));
  self.came.store(Came::kNone, std::memory_order_relaxed);
  self.closed.store(false, std::memory_order_relaxed);
  // The handlers run in here.
  sys->pthread_sigmask(SIG_SETMASK, &opened, nullptr);
  for (Noted* place : refused) {
    if (place != nullptr) call_refused(place);
  }
}

void become_child() {
  for (Noted& place : self.places) place.turn.store(0, std::memory_order_relaxed);
  self.noted.store(0, std::memory_order_relaxed);
}

NoCancellation::NoCancellation() {
  if (self.state.load(std::memory_order_relaxed) != 0) return;
  // A thread that may be cancelled anywhere may be here.
  int type;
  pthread_setcanceltype(PTHREAD_CANCEL_DEFERRED, &type);
  pthread_setcanceltype(type, nullptr);
  if (type != PTHREAD_CANCEL_DEFERRED || !begin()) return;
  on_ = true;
  set_state(kCancelKept | kNoCancellation | 1);
  end(nullptr);
}

}  // namespace anysplice::deferral
