// Handlers installed by way of the engine, as the preload has it: put off, run late, left to the
// kernel.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "core/calls/engine.h"
#include "core/sys/signal_actions.h"
#include "inject.h"
#include "states.h"
#include "world.h"

using namespace faults;
namespace signal_actions = anysplice::signal_actions;

namespace {

volatile int runs;
volatile int runs_at_work;  // how many there were before the work was over
volatile bool came;

void count(int) { runs = runs + 1; }

// False: it was made to fail.
bool install(int signal, int flags) {
  signal_actions::start();
  struct sigaction action {};
  action.sa_handler = count;
  action.sa_flags = flags;
  return signal_actions::change(signal, &action, nullptr, false) == 0;
}

sigset_t set_of(int first, int last) {
  sigset_t set;
  sigemptyset(&set);
  for (int signal = first; signal <= last; ++signal) sigaddset(&set, signal);
  return set;
}

// Moves bytes from a ring to a file; in the middle of it the signals come.
template <typename Come>
void move_while(World& w, Come come) {
  Box& p = ring(w, 5000);
  meanwhile(Function::writev, [come] {
    come();
    runs_at_work = runs;
    came = true;
  });
  w.splice(p, w.sink(), 1000, kNow);
  read_some(w, p);
}

}  // namespace

SCENARIO(a_handler_is_put_off) {
  if (!install(SIGUSR1, SA_RESTART)) return;
  move_while(w, [] { raise(SIGUSR1); });
  w.expect(!came || runs_at_work == 0, "a handler in the middle of work");
  w.expect(!came || runs == 1, "a handler that did not run once");
}

// All at once, so that each interrupts the one before it: there are not as many places.
SCENARIO(more_handlers_are_put_off_than_there_are_places) {
  static int first;
  constexpr int kMany = 6;
  first = SIGRTMIN + 1;
  for (int i = 0; i < kMany; ++i) {
    if (!install(first + i, SA_RESTART)) return;
  }
  move_while(w, [] {
    const sigset_t these = set_of(first, first + kMany - 1);
    pthread_sigmask(SIG_BLOCK, &these, nullptr);
    for (int i = 0; i < kMany; ++i) raise(first + i);
    pthread_sigmask(SIG_UNBLOCK, &these, nullptr);
  });
  w.expect(!came || runs_at_work == 0, "a handler in the middle of work");
  // One that finds neither a place nor, where the system refuses, a way back into the kernel is
  // lost (docs/limitations.md).
  w.expect(!came || runs == kMany || (fired() && runs == kMany - 1),
           "a handler that did not run once");
}

SCENARIO(abort_is_not_put_off) {
  if (!install(SIGABRT, 0)) return;
  move_while(w, [] { raise(SIGABRT); });
  w.expect(!came || runs_at_work == 1, "abort(3) would go on");
}

// To the thread and to the process: both are on the stack before the first runs. The second finds
// no handler any more, and is ignored.
SCENARIO(a_handler_for_once) {
  signal_actions::start();
  if (signal_actions::set_sysv(SIGURG, count, false) == SIG_ERR) return;
  const sigset_t urgent = set_of(SIGURG, SIGURG);
  pthread_sigmask(SIG_BLOCK, &urgent, nullptr);
  raise(SIGURG);
  kill(getpid(), SIGURG);
  pthread_sigmask(SIG_UNBLOCK, &urgent, nullptr);
  w.expect(runs == 1, "a handler for once that did not run once");
}

SCENARIO(handlers_by_all_calls) {
  signal_actions::start();
  const auto hold = reinterpret_cast<sighandler_t>(2);  // SIG_HOLD
  signal_actions::set_held(SIGUSR1, hold, false);
  signal_actions::set_held(SIGUSR1, count, false);
  if (signal_actions::set_bsd(SIGUSR2, count, false) == SIG_ERR) return;
  signal_actions::interrupt(SIGUSR2, 1, false);
#ifdef ANYSPLICE_KERNEL_ACTION
  signal_actions::KernelAction action;
  const bool shown = signal_actions::change_by_number(SIGUSR2, nullptr, &action, false) == 0;
  const bool set = shown && signal_actions::change_by_number(SIGUSR2, &action, nullptr, false) == 0;
  w.expect(set || fired(), "an action that cannot be set as it was shown");
#endif
  move_while(w, [] { raise(SIGUSR2); });
  w.expect(!came || runs == 1, "a handler that did not run once");
}

// Nobody cancels it, but the engine cannot know.
SCENARIO(a_thread_that_may_be_cancelled_anywhere) {
  Box& p = ring(w, 5000);
  int type;
  pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &type);
  w.splice(p, w.sink(), 1000, kNow);
  pthread_setcanceltype(type, nullptr);
  read_some(w, p);
}

// Signals are blocked while a pipe that a child has too is looked at. One that comes then ends the
// read, which would sleep otherwise; should it sleep, it gets some bytes.
SCENARIO(a_handler_before_a_wait) {
  if (!install(SIGUSR1, 0)) return;
  Box& p = held(w, 300, w.pipe());
  const pid_t child = anysplice::fork();
  if (child < 0) return;
  if (child == 0) {
    pause();
    _exit(0);
  }
  w.tee(p, w.stranger(), 100, kNow);
  while (!p.account.empty() && w.read(p, 1000) > 0) {
  }
  if (p.account.empty()) {
    const std::string_view bytes = w.next(10);
    p.account = bytes;
    std::atomic<bool> over{false};
    bool written = false;
    std::thread other([&] {
      for (int i = 0; i < 100 && !over; ++i) usleep(200);
      if (!over) written = ::write(p.in, bytes.data(), bytes.size()) > 0;
    });
    meanwhile(Function::preadv2, [] {
      raise(SIGUSR1);
      runs_at_work = runs;
      came = true;
    });
    const ssize_t n = w.read(p, 10);
    over = true;
    other.join();
    if (!written) p.account.clear();
    w.expect(!came || runs_at_work == 0, "a handler in the middle of a look");
    w.expect(!came || fired() || n == -1, "a handler that did not end a read");
    w.expect(!came || runs == 1, "a handler that did not run once");
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

// A signal of a fault that somebody sent is not the guard's, and does not happen again by itself.
SCENARIO(a_crash_that_was_sent) {
  Box& p = ring(w, 100);
  read_some(w, p);
  constexpr int kHandled = 2;
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    raise(SIGSEGV);
    // Where the system does not take the handler away it is not fatal.
    struct sigaction now;
    _exit(::sigaction(SIGSEGV, nullptr, &now) == 0 && now.sa_handler != SIG_DFL ? kHandled : 0);
  }
  int status = 0;
  waitpid(child, &status, 0);
  const bool refused = fired() && WIFEXITED(status) && WEXITSTATUS(status) == kHandled;
  w.expect(refused || (WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV), "a crash that is none");
}
