#include "core/memory/fault_guard.h"

#include <atomic>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/fault_mask.h"
#include "core/sys/guarded_copy.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice::fault_guard {
namespace {

enum class State { kForbidden, kAllowed, kInstalling, kInstalled, kOver };

std::atomic<State> state{State::kForbidden};
constexpr int kSignals[] = {SIGSEGV, SIGBUS};

bool ours(int signal) { return signal == SIGSEGV || signal == SIGBUS; }

// A signal that was sent does not happen again by itself, nor does the notice of broken memory that
// nobody has touched yet.
bool happens_again(int signal, const siginfo_t& info) {
#ifdef BUS_MCEERR_AO
  if (signal == SIGBUS && info.si_code == BUS_MCEERR_AO) return false;
#endif
  return info.si_code > 0;
}

// With what it came with, for when this handler has returned.
void send_again(int signal, siginfo_t* info) {
  sigset_t alone;
  sigemptyset(&alone);
  sigaddset(&alone, signal);
  sys->pthread_sigmask(SIG_BLOCK, &alone, nullptr);
  if (!thread::send(signal, *info)) sys->raise(signal);
}

void handle(int signal, siginfo_t* info, void* context) {
  if (on_fault(info, context)) return;
  // Not ours: back to the default, and let it happen again, so that whoever looks at the crash sees
  // its cause and its address.
  struct sigaction fatal {};
  fatal.sa_handler = SIG_DFL;
  if (sys->sigaction(signal, &fatal, nullptr) != 0) {
    // Refused by a filter, say. A fault ends a process that blocks its signal, too.
    sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, signal);
  }
  if (!happens_again(signal, *info)) send_again(signal, info);
}

bool install() {
  for (int signal : kSignals) {
    struct sigaction now;
    if (sys->sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL) return false;
  }
  struct sigaction guard {};
  guard.sa_sigaction = handle;
  guard.sa_flags = SA_SIGINFO | SA_RESTART | SA_ONSTACK | SA_NODEFER;
  for (int signal : kSignals) {
    // A handler for one of them alone does no harm.
    if (sys->sigaction(signal, &guard, nullptr) != 0) return false;
  }
  return true;
}

}  // namespace

ANYSPLICE_AT_START void allow() {
  State forbidden = State::kForbidden;
  state.compare_exchange_strong(forbidden, State::kAllowed);
}

bool active() {
  const State now = state.load(std::memory_order_relaxed);
  if (now == State::kInstalled) return fault_mask::open();
  if (now != State::kAllowed || !fault_mask::open()) return false;
  // One thread installs; others copy by the slow way meanwhile.
  State allowed = State::kAllowed;
  if (!state.compare_exchange_strong(allowed, State::kInstalling)) return false;
  const KeepErrno keep;
  const bool installed = install();
  state.store(installed ? State::kInstalled : State::kOver, std::memory_order_release);
  return installed;
}

void uninstall() {
  if (state.exchange(State::kOver) != State::kInstalled) return;
  struct sigaction fatal {};
  fatal.sa_handler = SIG_DFL;
  for (int signal : kSignals) sys->sigaction(signal, &fatal, nullptr);
}

bool guards(int signal) {
  return ours(signal) && state.load(std::memory_order_relaxed) == State::kInstalled;
}

}  // namespace anysplice::fault_guard
