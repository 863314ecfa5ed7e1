// rt_sigaction(2), and the frame that the kernel gives a handler.
#include "core/sys/signal_actions.h"

#include <errno.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/critical_section.h"
#include "core/sys/deferral.h"
#include "core/sys/fault_mask.h"
#include "core/sys/mutex.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"
#include "core/sys/vfork_child.h"

namespace anysplice::signal_actions {
namespace {

using Handler = void (*)(int, siginfo_t*, void*);

// What the kernel does not have of an action.
struct Action {
  std::atomic<Handler> handler;
  std::atomic<unsigned> flags;
  std::atomic<uint32_t> generation;  // counts the times that there was no handler any more
  bool interrupts;                   // by siginterrupt
};

constexpr int kSignals = _NSIG;
ANYSPLICE_SELDOM constinit Action actions[kSignals]{};
constinit HandlerAwareMutex changing{};

// An action as we change it.
struct View {
  Handler handler;
  unsigned flags;
};

constexpr Handler kDefault = nullptr;  // as SIG_DFL
constexpr uintptr_t kIgnore = 1;       // as SIG_IGN

// Whose signal somebody of ours listens to; 0: nobody's.
constinit std::atomic<int> listened{0};
using Listener = bool (*)(const siginfo_t* info);
constinit Listener listener = nullptr;
constexpr unsigned kListening = SA_SIGINFO | SA_RESTART | SA_ONSTACK;

bool is_handler(Handler handler) { return reinterpret_cast<uintptr_t>(handler) > kIgnore; }

// A fault of the interrupted code itself cannot wait. Nor can abort(3).
bool must_run(int signal, const siginfo_t* info) {
  switch (signal) {
    case SIGSEGV:
    case SIGBUS:
    case SIGILL:
    case SIGFPE:
    case SIGTRAP:
    case SIGSYS:
      return info->si_code > 0;
    case SIGABRT:
      return info->si_code == SI_TKILL && info->si_pid == sys->getpid();
    default:
      return false;
  }
}

// Flags of which the kernel has ours.
constexpr unsigned kOurs = SA_SIGINFO | SA_RESETHAND;

// SA_RESETHAND, which the kernel is not told of: it would take the first of two deliveries for the
// last. The handler for this time.
Handler take(int signal) {
  Action& action = actions[signal];
  if ((action.flags.load(std::memory_order_relaxed) & SA_RESETHAND) == 0) {
    return action.handler.load(std::memory_order_relaxed);
  }
  const KeepErrno keep;
  // As the kernel does it: flags and mask stay.
  struct sigaction reset {};
  if (sys->sigaction(signal, nullptr, &reset) == 0) {
    const auto flags = static_cast<int>(action.flags.load(std::memory_order_relaxed));
    reset.sa_flags =
        (reset.sa_flags & ~static_cast<int>(kOurs)) | (flags & static_cast<int>(kOurs));
  }
  reset.sa_handler = SIG_DFL;
  sys->sigaction(signal, &reset, nullptr);
  // A child of vfork leaves its parent the handler.
  return vfork_child() ? action.handler.load(std::memory_order_relaxed)
                       : action.handler.exchange(kDefault, std::memory_order_relaxed);
}

void handle(int signal, siginfo_t* info, void* context);

// Another thread took the handler away since the kernel chose ours: what the kernel does then.
// Where it could not be taken away (a sandbox refuses that), the kernel would choose ours again and
// again: nothing is done.
void leave_to_kernel(int signal, siginfo_t* info) {
  const KeepErrno keep;
  struct sigaction now;
  if (sys->sigaction(signal, nullptr, &now) != 0) return;
  const bool ours = now.sa_sigaction == handle;
  if (ours && !is_handler(actions[signal].handler.load(std::memory_order_relaxed))) return;
  sigset_t blocked;
  sigemptyset(&blocked);
  sigaddset(&blocked, signal);
  sys->pthread_sigmask(SIG_BLOCK, &blocked, nullptr);  // until this handler has returned
  thread::send(signal, *info);
}

// While cancellation is kept off by us, and not for work: a handler may never return.
void call_with_cancellation(Handler handler, int signal, siginfo_t* info, void* context) {
  deferral::Thread& self = deferral::self;
  const uint32_t state = self.state.load(std::memory_order_relaxed);
  deferral::Cancellation given_back = self.cancellation;
  given_back.restore();
  deferral::set_state(0);
  handler(signal, info, context);
  deferral::set_state(1);  // whatever comes before all is as it was waits
  given_back.forbid();
  self.cancellation = given_back;
  deferral::set_state(state);
  if (self.closed.load(std::memory_order_relaxed)) deferral::deliver(nullptr);
}

[[gnu::noinline]] void handle_slowly(int signal, siginfo_t* info, void* context) {
  const InHandler side;
  Action& action = actions[signal];
  deferral::Thread& self = deferral::self;
  const uint32_t generation = action.generation.load(std::memory_order_relaxed);
  if ((self.state.load(std::memory_order_relaxed) & deferral::kWork) != 0 &&
      !must_run(signal, info)) {
    const bool restarts = (action.flags.load(std::memory_order_relaxed) & SA_RESTART) != 0;
    deferral::note(signal, info, context, generation, restarts);
    return;
  }
  if (self.noted.load(std::memory_order_relaxed) != 0)
    deferral::first_come(signal, info, generation);
  const bool heard = signal == listened.load(std::memory_order_acquire);
  if (heard && listener(info)) return;
  const Handler handler = take(signal);
  if (!is_handler(handler)) {
    if (!heard) leave_to_kernel(signal, info);
  } else if ((self.state.load(std::memory_order_relaxed) & deferral::kCancelKept) != 0) {
    call_with_cancellation(handler, signal, info, context);
  } else {
    handler(signal, info, context);
  }
}

// The handler of all signals that have one. What it calls returns for it, if the compiler does as
// it usually does.
void handle(int signal, siginfo_t* info, void* context) {
  begun.store(begun.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  fault_mask::handler_begins();
  const Action& action = actions[signal];
  const Handler handler = action.handler.load(std::memory_order_relaxed);
  const bool plain = (action.flags.load(std::memory_order_relaxed) & SA_RESETHAND) == 0 &&
                     deferral::self.state.load(std::memory_order_relaxed) == 0 &&
                     deferral::self.noted.load(std::memory_order_relaxed) == 0 &&
                     vfork_depth == 0 && is_handler(handler) &&
                     signal != listened.load(std::memory_order_relaxed);
  return (plain ? handler : handle_slowly)(signal, info, context);
}

// The program's view of what the kernel has.
View shown(View kernel, View ours) {
  if (kernel.handler != handle) return kernel;
  if (!is_handler(ours.handler)) return ours;
  return {ours.handler, (kernel.flags & ~kOurs) | (ours.flags & kOurs)};
}

View told(const Action& action) {
  return {action.handler.load(std::memory_order_relaxed),
          action.flags.load(std::memory_order_relaxed)};
}

void tell(Action& action, View view) {
  action.flags.store(view.flags, std::memory_order_relaxed);
  action.handler.store(view.handler, std::memory_order_relaxed);
}

class Changing {
 public:
  Changing() : locked_(changing.lock() != Locked::kNo) {}
  ~Changing() {
    if (locked_) changing.unlock();
  }
  Changing(const Changing&) = delete;
  Changing& operator=(const Changing&) = delete;

 private:
  // Else a handler that was installed unseen interrupted a change: it may mix up the two.
  bool locked_;
};

// `kernel` makes the call with another view of what is wanted (null: nothing), and fills in what
// was. Handlers that come meanwhile wait until the table says the same as the kernel.
template <typename Kernel>
int change_by(int signal, const View* wanted, View* was, bool borrowed, bool by_libc,
              Kernel kernel) {
  if (signal < 1 || signal >= kSignals) return kernel(wanted, was);
  Action& action = actions[signal];
  if (wanted == nullptr || borrowed) {
    const View ours = told(action);
    const int error = kernel(wanted, was);
    if (error == 0) *was = shown(*was, ours);
    return error;
  }
  const CriticalSection section;
  const Changing lock;
  const View before = told(action);
  View given = *wanted;
  // (By its number, the call brings no way back from a handler along where there is none.)
  const bool heard = signal == listened.load(std::memory_order_relaxed) && by_libc;
  if (is_handler(wanted->handler)) {
    tell(action, *wanted);
    given = {handle, (wanted->flags | SA_SIGINFO) & ~SA_RESETHAND};
  } else if (heard) {
    tell(action, *wanted);
    given = {handle, kListening};
  }
  const int error = kernel(&given, was);
  if (error != 0) {
    tell(action, before);
    return error;
  }
  *was = shown(*was, before);
  if (!is_handler(wanted->handler)) {
    if (!heard) tell(action, {kDefault, 0});
    action.generation.fetch_add(1, std::memory_order_relaxed);
  }
  return 0;
}

struct sigaction simple(sighandler_t handler, int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  return action;
}

sighandler_t fail() {
  errno = EINVAL;
  return SIG_ERR;
}

sighandler_t set(int signal, const struct sigaction& action, bool borrowed) {
  struct sigaction old;
  return change(signal, &action, &old, borrowed) == 0 ? old.sa_handler : SIG_ERR;
}

bool exists(int signal) { return signal >= 1 && signal < kSignals; }

}  // namespace

ANYSPLICE_AT_START void start() { deferral::available.store(true, std::memory_order_relaxed); }

bool listen(int signal, bool (*ours)(const siginfo_t* info)) {
  const CriticalSection section;
  const Changing lock;
  if (listened.load(std::memory_order_relaxed) == signal) return true;
  struct sigaction now;
  if (sys->sigaction(signal, nullptr, &now) != 0) return false;
  const View view{now.sa_sigaction, static_cast<unsigned>(now.sa_flags)};
  if (view.handler != handle) {
    if (is_handler(view.handler)) return false;
    tell(actions[signal], view);
  }
  listener = ours;
  listened.store(signal, std::memory_order_release);
  if (view.handler == handle) return true;
  now.sa_sigaction = handle;
  now.sa_flags = static_cast<int>(kListening);
  if (sys->sigaction(signal, &now, nullptr) == 0) return true;
  listened.store(0, std::memory_order_relaxed);
  return false;
}

int change(int signal, const struct sigaction* wanted, struct sigaction* old, bool borrowed) {
  struct sigaction before;
  View view{};
  View was{};
  if (wanted != nullptr) view = {wanted->sa_sigaction, static_cast<unsigned>(wanted->sa_flags)};
  const auto kernel = [&](const View* given, View* found) {
    struct sigaction action;
    if (given != nullptr) {
      action = *wanted;
      action.sa_sigaction = given->handler;
      action.sa_flags = static_cast<int>(given->flags);
    }
    const int error = sys->sigaction(signal, given != nullptr ? &action : nullptr, &before);
    if (error == 0) *found = {before.sa_sigaction, static_cast<unsigned>(before.sa_flags)};
    return error;
  };
  const int error =
      change_by(signal, wanted != nullptr ? &view : nullptr, &was, borrowed, true, kernel);
  if (error == 0 && old != nullptr) {
    before.sa_sigaction = was.handler;
    before.sa_flags = static_cast<int>(was.flags);
    *old = before;
  }
  return error;
}

#ifdef ANYSPLICE_KERNEL_ACTION
void show_by_number(int signal, KernelAction* kernel) {
  const View view =
      shown({kernel->handler, static_cast<unsigned>(kernel->flags)}, told(actions[signal]));
  kernel->handler = view.handler;
  kernel->flags = view.flags;
}

long change_by_number(int signal, const KernelAction* wanted, KernelAction* old, bool borrowed) {
  View view{};
  View was{};
  KernelAction before;
  if (wanted != nullptr) view = {wanted->handler, static_cast<unsigned>(wanted->flags)};
  const auto kernel = [&](const View* given, View* found) {
    KernelAction action;
    if (given != nullptr) {
      action = *wanted;
      action.handler = given->handler;
      action.flags = given->flags;
    }
    const long error = sys->syscall(SYS_rt_sigaction, signal,
                                    given != nullptr ? reinterpret_cast<long>(&action) : 0,
                                    reinterpret_cast<long>(&before), sizeof(action.mask), 0, 0);
    if (error == 0) *found = {before.handler, static_cast<unsigned>(before.flags)};
    return static_cast<int>(error);
  };
  const int error =
      change_by(signal, wanted != nullptr ? &view : nullptr, &was, borrowed, false, kernel);
  if (error == 0 && old != nullptr) {
    before.handler = was.handler;
    before.flags = was.flags;
    *old = before;
  }
  return error;
}
#endif

sighandler_t set_bsd(int signal, sighandler_t handler, bool borrowed) {
  if (handler == SIG_ERR || !exists(signal)) return fail();
  struct sigaction action = simple(handler, actions[signal].interrupts ? 0 : SA_RESTART);
  sigaddset(&action.sa_mask, signal);
  return set(signal, action, borrowed);
}

sighandler_t set_sysv(int signal, sighandler_t handler, bool borrowed) {
  if (handler == SIG_ERR || !exists(signal)) return fail();
  constexpr int kInterrupt = 0x20000000;  // SA_INTERRUPT, which means nothing and is told
  return set(signal, simple(handler, SA_RESETHAND | SA_NODEFER | kInterrupt), borrowed);
}

sighandler_t set_held(int signal, sighandler_t handler, bool borrowed) {
  if (handler == SIG_ERR || !exists(signal)) return fail();
  sigset_t alone;
  sigset_t before;
  sigemptyset(&alone);
  if (sigaddset(&alone, signal) != 0) return SIG_ERR;
  struct sigaction old;
  // SIG_HOLD, whose value it is.
  const bool hold = handler == reinterpret_cast<sighandler_t>(2);
  if (hold && sys->pthread_sigmask(SIG_BLOCK, &alone, &before) != 0) return SIG_ERR;
  const struct sigaction action = simple(handler, 0);
  if (!(hold && sigismember(&before, signal) == 1) &&
      change(signal, hold ? nullptr : &action, &old, borrowed) != 0) {
    return SIG_ERR;
  }
  if (!hold && sys->pthread_sigmask(SIG_UNBLOCK, &alone, &before) != 0) return SIG_ERR;
  return sigismember(&before, signal) == 1 ? reinterpret_cast<sighandler_t>(2) : old.sa_handler;
}

int interrupt(int signal, int on, bool borrowed) {
  struct sigaction action;
  if (change(signal, nullptr, &action, borrowed) != 0) return -1;
  action.sa_flags = on != 0 ? action.sa_flags & ~SA_RESTART : action.sa_flags | SA_RESTART;
  if (change(signal, &action, nullptr, borrowed) != 0) return -1;
  if (!borrowed) actions[signal].interrupts = on != 0;
  return 0;
}

void become_child() { changing.init(); }

}  // namespace anysplice::signal_actions
