// The kernel's part of a handler's frame: ucontext_t, siginfo_t.
#include "core/sys/deferral.h"

#include <errno.h>
#include <string.h>
#include <ucontext.h>

#include <algorithm>
#include <iterator>
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

uint32_t next_turn() {
  return 1 + self.turns.fetch_add(1, std::memory_order_relaxed) % (Thread::kBusy - 1);
}

// Hands a place over that was claimed or taken.
void set_turn(Noted* place, uint32_t turn) {
  std::atomic_signal_fence(std::memory_order_release);
  place->turn.store(turn, std::memory_order_relaxed);
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

bool in_use(const Noted& place, int signal) {
  const uint32_t turn = place.turn.load(std::memory_order_relaxed);
  return turn != 0 && turn != Thread::kBusy && place.signal == signal;
}

bool any(int signal) {
  return std::any_of(std::begin(self.places), std::end(self.places),
                     [&](const Noted& place) { return in_use(place, signal); });
}

// What tells a signal that we sent from others that are like it: si_errno, which is 0 otherwise,
// and which place it was sent for.
constexpr int kMark = 0x616e7900;

// The place that this signal was sent for. Null if we did not send it.
Noted* sent_for(int signal, const siginfo_t* info) {
  const int number = info->si_errno - kMark;
  if (number < 0 || number >= Thread::kPlaces) return nullptr;
  Noted& place = self.places[number];
  return in_use(place, signal) && place.sent ? &place : nullptr;
}

bool waits_to_be_sent(const Noted& place) {
  const uint32_t turn = place.turn.load(std::memory_order_relaxed);
  return turn != 0 && turn != Thread::kBusy && !place.sent;
}

// Sent in this signal's order, or at the next end of a section.
void send(Noted& place) {
  siginfo_t info{};
  memcpy(&info, place.info, sizeof(place.info));
  info.si_errno = kMark + static_cast<int>(&place - self.places);
  place.sent = thread::send(place.signal, info);
}

// Out of line, as call(): few calls need their stack.
[[gnu::noinline]] void send_all() {
  for (Noted& place : self.places) {
    if (waits_to_be_sent(place)) send(place);
  }
}

// Where the system refuses (a sandbox, RLIMIT_SIGPENDING): the handler is called from here, on this
// stack.
[[gnu::noinline]] void call(Noted& place) {
  const int signal = place.signal;
  struct sigaction action {};
  if (sys->sigaction(signal, nullptr, &action) != 0) action.sa_handler = SIG_DFL;
  // Until the handler runs none of the kernel's may: it would come too early, or find the place
  // half-way.
  sigset_t mask = action.sa_mask;
  sigaddset(&mask, signal);
  ucontext_t context{};
  sys->pthread_sigmask(SIG_BLOCK, &mask, &context.uc_sigmask);
  if (place.signal == signal && waits_to_be_sent(place)) {
    siginfo_t info{};
    memcpy(&info, place.info, sizeof(place.info));
    free_place(&place);
    if ((action.sa_flags & SA_NODEFER) != 0 && sigismember(&action.sa_mask, signal) == 0 &&
        sigismember(&context.uc_sigmask, signal) == 0) {
      sigset_t own;
      sigemptyset(&own);
      sigaddset(&own, signal);
      sys->pthread_sigmask(SIG_UNBLOCK, &own, nullptr);
    }
    if (action.sa_handler != SIG_DFL && action.sa_handler != SIG_IGN) {
      action.sa_sigaction(signal, &info, &context);
    }
  }
  sys->pthread_sigmask(SIG_SETMASK, &context.uc_sigmask, nullptr);
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
  if (real_time(signal) || !any(signal)) {
    if (Noted* place = claim(); place != nullptr) {
      place->signal = signal;
      place->generation = generation;
      place->sent = false;
      memcpy(place->info, info, sizeof(place->info));
      set_turn(place, next_turn());
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
  Noted* const own = sent_for(signal, info);
  Noted* const first = take_first(signal, generation);
  if (first == nullptr) return;
  char now[Noted::kInfo];
  memcpy(now, info, sizeof(now));
  memcpy(info, first->info, sizeof(first->info));
  // Of what is no real-time signal there is one at the most.
  if (own == first || !real_time(signal)) {
    free_place(first);
  } else if (own == nullptr) {
    // One that came since then: it waits for the one that was sent. A handler may have left before
    // one that was refused was called.
    memcpy(first->info, now, sizeof(now));
    set_turn(first, next_turn());
    if (!first->sent) send(*first);
  } else {
    // One was sent for each of both: the other waits for that of the first.
    const uint32_t turn = own->turn.load(std::memory_order_relaxed);
    memcpy(first->info, own->info, sizeof(own->info));
    free_place(own);
    set_turn(first, turn);
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
  send_all();
  const Mask before = ~std::exchange(self.open, 0);
  sigset_t opened;
  sigemptyset(&opened);
  memcpy(&opened, &before, sizeof(before));
  self.came.store(Came::kNone, std::memory_order_relaxed);
  self.closed.store(false, std::memory_order_relaxed);
  // The handlers run in here.
  sys->pthread_sigmask(SIG_SETMASK, &opened, nullptr);
  for (Noted& place : self.places) {
    if (waits_to_be_sent(place)) call(place);
  }
}

void become_child() {
  for (Noted& place : self.places) place.turn.store(0, std::memory_order_relaxed);
  self.noted.store(0, std::memory_order_relaxed);
}

void forget_work() {
  if ((self.state.load(std::memory_order_relaxed) & kCancelKept) != 0) {
    allow_cancellation();
  } else {
    set_state(0);
  }
  become_child();
  self.closed.store(false, std::memory_order_relaxed);
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
