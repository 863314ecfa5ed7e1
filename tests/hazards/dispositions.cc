// What programs see of the handlers that they installed: shown as they were set, and run as they
// were to be, with what belongs to a signal.
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <atomic>
#include <string>

#include "under_fire.h"

using namespace hazard;

namespace {

void plain(int) {}
void informed(int, siginfo_t*, void*) {}

// The kernel's struct.
struct Bare {
  void* handler;
  unsigned long flags;
  void* restorer;
  uint64_t mask;
};

void check_shown(const struct sigaction& given, const struct sigaction& found) {
  constexpr int kRestorer = 0x04000000;
  CHECK(found.sa_handler == given.sa_handler);
  CHECK_EQ(found.sa_flags & ~kRestorer, given.sa_flags);
  for (int i = 1; i < 64; ++i) {
    if (i == 32 || i == 33 || i == SIGKILL || i == SIGSTOP) continue;
    CHECK_EQ(sigismember(&found.sa_mask, i), sigismember(&given.sa_mask, i));
  }
}

}  // namespace

// In a handler: the mask, the stack, the context; and afterwards the mask as it was.
HAZARD(handlers_run_as_they_were_installed) {
  static char stack[64 << 10];
  const stack_t given{.ss_sp = stack, .ss_flags = 0, .ss_size = sizeof(stack)};
  CHECK_EQ(sigaltstack(&given, nullptr), 0);
  sigset_t before;
  sigemptyset(&before);
  sigaddset(&before, SIGHUP);
  CHECK_EQ(sigprocmask(SIG_SETMASK, &before, nullptr), 0);
  for (const int flags : {0, SA_NODEFER, SA_ONSTACK, SA_ONSTACK | SA_NODEFER | SA_RESTART}) {
    static int given_flags;
    given_flags = flags;
    runs = 0;
    struct sigaction action = action_of(
        [](int number, siginfo_t* info, void* context) {
          const int kept = errno;
          sigset_t now;
          sigprocmask(SIG_BLOCK, nullptr, &now);
          const auto* interrupted = static_cast<ucontext_t*>(context);
          for (int i = 1; i < 32; ++i) {
            const bool own = i == SIGALRM && (given_flags & SA_NODEFER) == 0;
            const bool expected = own || i == SIGHUP || i == SIGUSR2;
            if ((sigismember(&now, i) == 1) != expected) fail(__FILE__, __LINE__, "mask");
            const bool there = sigismember(&interrupted->uc_sigmask, i) == 1;
            if (runs >= 0 && there != (i == SIGHUP) && (given_flags & SA_NODEFER) == 0) {
              fail(__FILE__, __LINE__, "mask of the context");
            }
          }
          const char here = 0;
          const auto distance =
              reinterpret_cast<uintptr_t>(&here) - reinterpret_cast<uintptr_t>(&stack[0]);
          const bool apart = distance < sizeof(stack);
          if (apart != ((given_flags & SA_ONSTACK) != 0)) fail(__FILE__, __LINE__, "stack");
          if (number != SIGALRM || info->si_signo != SIGALRM || info->si_code != SI_KERNEL) {
            fail(__FILE__, __LINE__, "siginfo");
          }
          ++runs;
          errno = kept;
        },
        flags);
    sigaddset(&action.sa_mask, SIGUSR2);
    CHECK_EQ(sigaction(SIGALRM, &action, nullptr), 0);
    const Ring a;
    const Ring b;
    under_fire(100, [&] { busy(a, b); });
    CHECK(runs > 20);
    sigset_t after;
    sigprocmask(SIG_BLOCK, nullptr, &after);
    for (int i = 1; i < 32; ++i) CHECK_EQ(sigismember(&after, i), i == SIGHUP ? 1 : 0);
  }
}

HAZARD(a_handler_for_once_runs_once) {
  const Ring a;
  const Ring b;
  for (int i = 0; i < 200; ++i) {
    runs = 0;
    handle(
        SIGALRM, [](int, siginfo_t*, void*) { ++runs; }, SA_RESETHAND);
    const itimerval once{{0, 0}, {0, 1 + i % 50}};
    CHECK_EQ(setitimer(ITIMER_REAL, &once, nullptr), 0);
    while (runs == 0) busy(a, b);
    struct sigaction now;
    CHECK_EQ(sigaction(SIGALRM, nullptr, &now), 0);
    CHECK(now.sa_handler == SIG_DFL);
  }
  const pid_t child = start([&] {
    handle(
        SIGALRM, [](int, siginfo_t*, void*) { ++runs; }, SA_RESETHAND);
    every(300);
    for (;;) busy(a, b);
  });
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM);
}

#pragma GCC diagnostic ignored "-Wdeprecated-declarations"

// What was set is what is shown, by whichever call.
HAZARD(handlers_are_shown_as_they_were_set) {
  struct sigaction last {};
  constexpr int kFlags[] = {
      SA_SIGINFO,   SA_RESTART,  SA_NODEFER, SA_ONSTACK, static_cast<int>(SA_RESETHAND),
      SA_NOCLDSTOP, SA_NOCLDWAIT};
  for (unsigned which = 0; which < 128; ++which) {
    struct sigaction given {};
    for (unsigned i = 0; i < 7; ++i) given.sa_flags |= (which >> i & 1) != 0 ? kFlags[i] : 0;
    if ((given.sa_flags & SA_SIGINFO) != 0) {
      given.sa_sigaction = informed;
    } else {
      given.sa_handler = which % 5 == 0 ? SIG_IGN : which % 7 == 0 ? SIG_DFL : plain;
    }
    sigaddset(&given.sa_mask, 1 + static_cast<int>(which % 30));
    struct sigaction old;
    CHECK_EQ(sigaction(SIGCHLD, &given, &old), 0);
    check_shown(last, old);
    struct sigaction now;
    CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
    check_shown(given, now);
    now = given;
    CHECK_EQ(sigaction(SIGCHLD, &now, &now), 0);
    check_shown(given, now);
#if defined(__x86_64__)
    Bare bare;
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGCHLD, nullptr, &bare, 8), 0);
    CHECK(bare.handler == reinterpret_cast<void*>(given.sa_handler));
    CHECK_EQ(syscall(SYS_rt_sigaction, SIGCHLD, &bare, nullptr, 8), 0);
    CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
    check_shown(given, now);
    CHECK_FAILS(syscall(SYS_rt_sigaction, SIGCHLD, nullptr, 16, 8), EFAULT);
    CHECK_FAILS(syscall(SYS_rt_sigaction, SIGCHLD, &bare, nullptr, 4), EINVAL);
    CHECK_FAILS(syscall(SYS_rt_sigaction, SIGKILL, &bare, nullptr, 8), EINVAL);
#endif
    last = given;
  }
  struct sigaction now;
  CHECK(signal(SIGCHLD, plain) == last.sa_handler);
  CHECK(signal(SIGCHLD, SIG_IGN) == plain);
  CHECK(signal(SIGCHLD, plain) == SIG_IGN);
  CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
  CHECK_EQ(now.sa_flags & SA_RESTART, SA_RESTART);
  CHECK_EQ(sigismember(&now.sa_mask, SIGCHLD), 1);
  CHECK_EQ(siginterrupt(SIGCHLD, 1), 0);
  CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
  CHECK_EQ(now.sa_flags & SA_RESTART, 0);
  CHECK(now.sa_handler == plain);
  CHECK(signal(SIGCHLD, plain) == plain);
  CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
  CHECK_EQ(now.sa_flags & SA_RESTART, 0);
  CHECK(sysv_signal(SIGCHLD, plain) == plain);
  CHECK_EQ(sigaction(SIGCHLD, nullptr, &now), 0);
  CHECK_EQ(now.sa_flags & static_cast<int>(SA_RESETHAND | SA_NODEFER),
           static_cast<int>(SA_RESETHAND | SA_NODEFER));
  CHECK_EQ(raise(SIGCHLD), 0);
  CHECK(signal(SIGCHLD, SIG_DFL) == SIG_DFL);
  CHECK(sigset(SIGUSR1, plain) == SIG_DFL);
  CHECK(sigset(SIGUSR1, SIG_HOLD) == plain);
  CHECK(sigset(SIGUSR1, SIG_HOLD) == SIG_HOLD);
  CHECK(sigset(SIGUSR1, plain) == SIG_HOLD);
  CHECK(sigset(SIGUSR1, SIG_IGN) == plain);
  errno = 0;
  CHECK(signal(SIGKILL, plain) == SIG_ERR && errno == EINVAL);
  CHECK(signal(0, plain) == SIG_ERR && errno == EINVAL);
  CHECK(signal(SIGUSR1, SIG_ERR) == SIG_ERR && errno == EINVAL);
  CHECK_FAILS(sigaction(SIGSTOP, &last, nullptr), EINVAL);
  CHECK_FAILS(sigaction(65, nullptr, nullptr), EINVAL);
  CHECK_FAILS(sigaction(-1, nullptr, nullptr), EINVAL);
}

// libc changes and restores them behind our back.
HAZARD(system_restores_handlers) {
  const struct sigaction given = action_of(informed, SA_RESTART);
  CHECK_EQ(sigaction(SIGINT, &given, nullptr), 0);
  CHECK_EQ(system("kill -INT $PPID"), 0);
  struct sigaction now;
  CHECK_EQ(sigaction(SIGINT, nullptr, &now), 0);
  check_shown(given, now);
}

// A child of vfork has its parent's memory, and dispositions of its own.
HAZARD(a_child_of_vfork_changes_its_own_handlers) {
  static int child_saw;
  handle(
      SIGUSR1, [](int, siginfo_t*, void*) { ++runs; }, SA_RESTART);
  const pid_t child = vfork();
  if (child == 0) {
    struct sigaction fatal {};
    struct sigaction old;
    fatal.sa_handler = SIG_DFL;
    child_saw = sigaction(SIGUSR1, &fatal, &old) == 0 && old.sa_handler != SIG_DFL &&
                        sigaction(SIGUSR1, nullptr, &old) == 0 && old.sa_handler == SIG_DFL
                    ? 1
                    : 2;
    struct sigaction other {};
    other.sa_handler = plain;
    if (sigaction(SIGUSR2, &other, nullptr) != 0) child_saw = 3;
    if (sigaction(SIGUSR2, nullptr, &old) != 0 || old.sa_handler != plain) child_saw = 4;
    kill(getpid(), SIGUSR1);
    _exit(5);
  }
  int status;
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGUSR1);
  CHECK_EQ(child_saw, 1);
  CHECK_EQ(raise(SIGUSR1), 0);
  CHECK_EQ(runs.load(), 1);
  struct sigaction now;
  CHECK_EQ(sigaction(SIGUSR2, nullptr, &now), 0);
  CHECK(now.sa_handler == SIG_DFL);
}

HAZARD(an_action_for_one_time_keeps_its_flags) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_NODEFER);
  sigaddset(&action.sa_mask, SIGUSR2);
  sigaction(SIGUSR1, &action, nullptr);
  raise(SIGUSR1);
  struct sigaction left;
  sigaction(SIGUSR1, nullptr, &left);
  CHECK(left.sa_handler == SIG_DFL);
  CHECK_EQ(left.sa_flags & ~0x04000000, action.sa_flags);  // (but for SA_RESTORER)
  CHECK_EQ(sigismember(&left.sa_mask, SIGUSR2), 1);
}
