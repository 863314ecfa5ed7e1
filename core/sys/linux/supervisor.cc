// seccomp_unotify(2), seen from the process whose calls are answered.
#include "core/sys/supervisor.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/base/keep_errno.h"
#include "core/sys/signal_actions.h"
#include "core/sys/sys.h"
#include "core/sys/vfork_child.h"

namespace anysplice::supervisor {
namespace {

constinit Record record{};
long call_number;
uint32_t mark;
void (*settle_all)();

// No other program that this process may become has it at the same address.
uint64_t new_name() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (static_cast<uint64_t>(now.tv_sec) * 1'000'000'000 + static_cast<uint64_t>(now.tv_nsec)) |
         1;
}

void keep_nothing() {
  state.store(State::kNothing, std::memory_order_seq_cst);
  settle_all();
  record.settled.store(1, std::memory_order_release);
}

// Whether the signal is the supervisor's.
bool on_signal(const siginfo_t* info) {
  if (info->si_code != SI_QUEUE || info->si_value.sival_int != static_cast<int>(mark)) return false;
  const KeepErrno keep;
  keep_nothing();
  return true;
}

// Only the first of several threads changes the state; they all get the same answer.
State change_to(State wanted) {
  State now = State::kUntold;
  return state.compare_exchange_strong(now, wanted) ? wanted : now;
}

State introduce() {
  // A handler that was installed unseen is not called by way of ours.
  if (!signal_actions::listen(SIGURG, on_signal)) return State::kNothing;
  uint64_t none = 0;
  record.name.compare_exchange_strong(none, new_name());
  const long answer = sys->syscall(call_number, -1, reinterpret_cast<long>(&record), -1,
                                   static_cast<long>(mark), kHello, 0);
  if (answer == kMayKeep) return State::kTold;
  return answer == kKeepNothing ? State::kNothing : State::kNone;
}

}  // namespace

void start(const char* text, void (*settle)()) {
  char* end = nullptr;
  call_number = strtol(text, &end, 10);
  if (*end != ':') return;
  mark = static_cast<uint32_t>(strtoul(end + 1, nullptr, 10));
  settle_all = settle;
  state.store(State::kUntold, std::memory_order_relaxed);
}

bool tell() {
  State now = state.load(std::memory_order_seq_cst);
  if (now == State::kNothing || vfork_child()) return false;
  if (now == State::kUntold) {
    const KeepErrno keep;
    now = change_to(introduce());
    if (now == State::kNothing) record.settled.store(1, std::memory_order_release);
  }
  return now != State::kNothing;
}

void become_child() {
  record.name.store(0, std::memory_order_relaxed);
  State now = State::kTold;
  state.compare_exchange_strong(now, State::kUntold);
}

}  // namespace anysplice::supervisor
