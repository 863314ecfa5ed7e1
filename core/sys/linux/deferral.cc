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
#include "core/sys/linux/refused_signals.h"
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

Noted* find(int signal) {
  Noted* const end = std::end(self.places);
  Noted* const place = std::find_if(std::begin(self.places), end,
                                    [&](const Noted& one) { return in_use(one, signal); });
  return place == end ? nullptr : place;
}

// As a signal comes that is no real-time one, where no more can be queued (RLIMIT_SIGPENDING).
bool without_info(const siginfo_t& info) { return info.si_code == SI_USER && info.si_pid == 0; }

bool pending(int signal) {
  sigset_t set;
  return sys->sigpending(&set) != 0 || sigismember(&set, signal) == 1;
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

bool send(Noted& place) {
  siginfo_t info{};
  memcpy(&info, place.info, sizeof(place.info));
  info.si_errno = kMark + static_cast<int>(&place - self.places);
  const int kept = errno;
  place.sent = thread::send(place.signal, info);
  errno = kept;
  return place.sent;
}

// The first of what has not been sent. Null if there is none.
Noted* next_to_send() {
  Noted* next = nullptr;
  uint32_t turn = Thread::kBusy;
  for (Noted& place : self.places) {
    const uint32_t its = place.turn.load(std::memory_order_relaxed);
    if (its == 0 || its >= turn || place.sent) continue;
    next = &place;
    turn = its;
  }
  return next;
}

// Returns how many were refused: they have no places any more. (Out of line: few calls need
// its stack.)
[[gnu::noinline]] int send_all(AllRefused& refused) {
  int count = 0;
  for (Noted* next; (next = next_to_send()) != nullptr;) {
    if (send(*next)) continue;
    refused[count].signal = next->signal;
    memcpy(refused[count++].info, next->info, sizeof(next->info));
    free_place(next);
  }
  return count;
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
  // Of a signal that is no real-time one the first stands for all that came. (One that was sent has
  // come, as this one could; a handler above it has left by a jump.)
  Noted* const same = real_time(signal) ? nullptr : find(signal);
  if (same == nullptr || same->sent) {
    if (same != nullptr) free_place(same);
    if (Noted* place = claim(); place != nullptr) {
      place->signal = signal;
      place->generation = generation;
      place->sent = false;
      place->exchanged = false;
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
  if (info->si_errno - kMark >= 0 && info->si_errno - kMark < Thread::kPlaces) info->si_errno = 0;
  Noted* const first = take_first(signal, generation);
  if (first == nullptr) return;
  if (own == nullptr && first->sent && !first->exchanged && !without_info(*info) &&
      !pending(signal)) {
    // It has come, and the frame of its handler was left by a jump, as it would have been.
    free_place(first);
    return;
  }
  char now[Noted::kInfo];
  memcpy(now, info, sizeof(now));
  memcpy(info, first->info, sizeof(first->info));
  // Of what is no real-time signal there is one at the most.
  if (own == first || !real_time(signal)) {
    free_place(first);
  } else if (own == nullptr) {
    // One that came since then: it waits for the one that was sent, unless that has come and gone.
    memcpy(first->info, now, sizeof(now));
    first->exchanged = true;
    if (!pending(signal)) send(*first);
    set_turn(first, next_turn());
  } else {
    // One was sent for each of both: the other waits for that of the first.
    const uint32_t turn = own->turn.load(std::memory_order_relaxed);
    memcpy(first->info, own->info, sizeof(own->info));
    first->exchanged = true;
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
  AllRefused refused;
  const int count = send_all(refused);
  const Mask before = ~std::exchange(self.open, 0);
  sigset_t opened;
  sigemptyset(&opened);
  memcpy(&opened, &before, sizeof(before));
  self.came.store(Came::kNone, std::memory_order_relaxed);
  self.closed.store(false, std::memory_order_relaxed);
  // The handlers run in here.
  if (count > 0) call_all(refused, count, opened);
  sys->pthread_sigmask(SIG_SETMASK, &opened, nullptr);
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
