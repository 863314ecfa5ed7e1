// Signal handlers that do not come back, or look closely, while pipes are at work; and what
// programs see of the handlers that they installed.
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <ucontext.h>

#include <atomic>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

using Handler = void (*)(int, siginfo_t*, void*);

struct sigaction action_of(Handler handler, int flags) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  return action;
}

void handle(int signal, Handler handler, int flags) {
  const struct sigaction action = action_of(handler, flags);
  CHECK_EQ(sigaction(signal, &action, nullptr), 0);
}

void every(long microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  CHECK_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
}

// A pipe that gets a ring, if anybody makes such: vmsplice is its first call.
struct Ring : Pipe {
  explicit Ring(int flags = O_NONBLOCK) : Pipe(flags) {
    char x = 'x';
    const iovec iov{&x, 1};
    CHECK_EQ(vmsplice(w, &iov, 1, 0), 1);
    CHECK_EQ(read(r, &x, 1), 1);
  }
};

// Half a second of calls on rings, with signals in between.
template <typename Round>
void under_fire(long microseconds, Round round) {
  every(microseconds);
  for (const double end = seconds() + 0.5 * times(); seconds() < end;) round();
  every(0);
}

sigjmp_buf away;
volatile sig_atomic_t armed;
std::atomic<long> runs;

// The kernel's vmsplice out of a pipe says EINTR though there are bytes.
template <typename Call>
ssize_t again(Call call) {
  ssize_t n;
  do {
    n = call();
  } while (n < 0 && errno == EINTR);
  return n;
}

// Moves bytes about on two rings; nothing is in them before and after.
void busy(const Ring& a, const Ring& b) {
  char text[600] = "busy";
  const iovec iov{text, sizeof(text)};
  CHECK_EQ(again([&] { return vmsplice(a.w, &iov, 1, 0); }), 600);
  CHECK_EQ(again([&] { return tee(a.r, b.w, 600, 0); }), 600);
  CHECK_EQ(again([&] { return read(b.r, text, 600); }), 600);
  CHECK_EQ(again([&] { return splice(a.r, nullptr, b.w, nullptr, 600, 0); }), 600);
  CHECK_EQ(again([&] { return vmsplice(b.r, &iov, 1, 0); }), 600);
  CHECK_EQ(again([&] { return write(a.w, text, 9); }), 9);
  CHECK_EQ(again([&] { return read(a.r, text, 600); }), 9);
}

}  // namespace

// Numbers go through two rings by every call there is. A jump can hide what a call answered, so
// that a number is sent again, or that those of one read are not seen; but none comes too early,
// and the pipes stay of use.
HAZARD(handler_jumps_out_of_every_call) {
  const Ring first;
  const Ring second;
  const int file = file_of("");
  static volatile uint64_t next;
  static volatile uint64_t seen;
  static volatile long jumps;
  static volatile long taken;
  next = 1;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        if (armed == 0) return;
        armed = 0;
        jumps = jumps + 1;
        siglongjmp(away, 1);
      },
      SA_RESTART);
  const auto see = [](const uint64_t* numbers, ssize_t bytes) {
    armed = 0;
    if (bytes > 0) CHECK_EQ(bytes % 8, 0);
    for (ssize_t i = 0; i < bytes / 8; ++i) {
      CHECK(numbers[i] >= seen && numbers[i] <= next);
      seen = numbers[i];
      taken = taken + 1;
    }
  };
  static volatile unsigned turn;
  // The kernel takes references: memory that went into a pipe is not used for a while.
  static uint64_t memory[1024][16];
  under_fire(400, [&] {
    uint64_t* const given = memory[turn % 1024];
    for (int i = 0; i < 16; ++i) given[i] = next;
    uint64_t some[16];
    const iovec out{given, sizeof(some)};
    const iovec iov{some, sizeof(some)};
    if (sigsetjmp(away, 1) != 0) return;
    turn = turn + 1;
    armed = 1;
    if (turn % 2 == 0) {
      write(first.w, given, sizeof(some));
    } else {
      vmsplice(first.w, &out, 1, SPLICE_F_NONBLOCK);
    }
    next = next + 1;
    pollfd p{first.r, POLLIN, 0};
    poll(&p, 1, 0);
    splice(first.r, nullptr, second.w, nullptr, 65536, SPLICE_F_NONBLOCK);
    p.fd = second.r;
    poll(&p, 1, 0);
    switch (turn % 3) {
      case 0:
        see(some, read(second.r, some, sizeof(some)));
        break;
      case 1: {
        const ssize_t n = vmsplice(second.r, &iov, 1, SPLICE_F_NONBLOCK);
        see(some, n);
        break;
      }
      default: {
        off_t at = 0;
        const ssize_t n = splice(second.r, nullptr, file, &at, sizeof(some), SPLICE_F_NONBLOCK);
        armed = 0;
        if (n > 0) {
          CHECK_EQ(pread(file, some, static_cast<size_t>(n), 0), n);
          see(some, n);
        }
      }
    }
    armed = 0;
  });
  armed = 0;
  CHECK(jumps > 0);
  CHECK(taken > 0);
  // What is left comes in order, and then new bytes.
  for (const Pipe* pipe : {static_cast<const Pipe*>(&second), static_cast<const Pipe*>(&first)}) {
    uint64_t number;
    while (read(pipe->r, &number, sizeof(number)) == 8) see(&number, 8);
    CHECK_EQ(errno, EAGAIN);
    put(pipe->w, "of use");
    CHECK_EQ(take(pipe->r, 6), "of use");
  }
}

// Coroutines that a timer switches, one at each end of a pipe.
HAZARD(handler_changes_stacks) {
  static const Ring* pipe;
  static ucontext_t contexts[3];
  static volatile int current;
  static volatile uint32_t sent;
  static volatile uint32_t got;
  static volatile sig_atomic_t over;
  const Ring ring;
  pipe = &ring;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        const int kept = errno;
        const int before = current;
        current = 1 - before;
        swapcontext(&contexts[before], &contexts[1 - before]);
        errno = kept;
      },
      SA_RESTART);
  // No switch in another thread, nor within the first to a coroutine: that opens the mask too
  // early.
  static sigset_t open;
  sigset_t all;
  sigfillset(&all);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &all, &open), 0);
  constexpr auto produce = [] {
    sigprocmask(SIG_SETMASK, &open, nullptr);
    while (over == 0) {
      const uint32_t number = sent;
      const ssize_t n = write(pipe->w, &number, sizeof(number));
      CHECK(n == 4 || errno == EAGAIN);
      if (n == 4) sent = number + 1;
    }
    every(0);
    setcontext(&contexts[2]);
  };
  constexpr auto consume = [] {
    sigprocmask(SIG_SETMASK, &open, nullptr);
    while (over == 0) {
      uint32_t number;
      const ssize_t n = read(pipe->r, &number, sizeof(number));
      CHECK(n == 4 || errno == EAGAIN);
      if (n != 4) continue;
      CHECK_EQ(number, static_cast<uint32_t>(got));
      got = got + 1;
    }
    every(0);
    setcontext(&contexts[2]);
  };
  static char stacks[2][256 << 10];
  for (int i = 0; i < 2; ++i) {
    CHECK_EQ(getcontext(&contexts[i]), 0);
    contexts[i].uc_stack = {.ss_sp = stacks[i], .ss_flags = 0, .ss_size = sizeof(stacks[i])};
    makecontext(&contexts[i], i == 0 ? static_cast<void (*)()>(produce) : consume, 0);
  }
  static double end;
  end = seconds() + 0.5 * times();
  static pthread_t stopper;
  CHECK_EQ(pthread_create(
               &stopper, nullptr,
               [](void*) -> void* {
                 while (seconds() < end) sleep_ms(10);
                 over = 1;
                 return nullptr;
               },
               nullptr),
           0);
  every(100);
  CHECK_EQ(swapcontext(&contexts[2], &contexts[0]), 0);
  CHECK(got > 100);
  CHECK(sent >= got);
}

// A handler writes to one ring while another thread moves it to the one that was interrupted.
HAZARD(handler_uses_another_ring) {
  static const Ring* a;
  static const Ring* b;
  static std::atomic<bool> over;
  const Ring ring_a;
  const Ring ring_b;
  a = &ring_a;
  b = &ring_b;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        const int kept = errno;
        if (write(b->w, "x", 1) == 1) ++runs;
        errno = kept;
      },
      SA_RESTART);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t mover;
  CHECK_EQ(pthread_create(
               &mover, nullptr,
               [](void*) -> void* {
                 while (!over) splice(b->r, nullptr, a->w, nullptr, 65536, SPLICE_F_NONBLOCK);
                 return nullptr;
               },
               nullptr),
           0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  long xs = 0;
  long ys = 0;
  const auto drain = [&](int fd) {
    char text[4096];
    for (ssize_t n; (n = read(fd, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) ++(text[i] == 'x' ? xs : ys);
    }
  };
  long sent = 0;
  under_fire(100, [&] {
    char y[100];
    memset(y, 'y', sizeof(y));
    const iovec iov{y, sizeof(y)};
    if (vmsplice(a->w, &iov, 1, SPLICE_F_NONBLOCK) == 100) sent += 100;
    drain(a->r);
  });
  over = true;
  CHECK_EQ(pthread_join(mover, nullptr), 0);
  drain(a->r);
  drain(b->r);
  CHECK_EQ(ys, sent);
  CHECK_EQ(xs, runs.load());
  CHECK(xs > 20);
}

// A handler that forks: the child has the pipe, too.
HAZARD(handler_forks) {
  static const Ring* ring;
  static volatile sig_atomic_t left;
  const Ring pipe;
  const Ring other;
  ring = &pipe;
  left = 20;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        const int kept = errno;
        if (left > 0) {
          left = left - 1;
          const pid_t child = fork();
          if (child == 0) _exit(write(ring->w, "c", 1) == 1 ? 0 : 1);
          int status = -1;
          if (waitpid(child, &status, 0) != child || status != 0) _exit(3);
          ++runs;
        }
        errno = kept;
      },
      SA_RESTART);
  every(5000);
  long found = 0;
  const auto drain = [&] {
    char text[64];
    for (ssize_t n; (n = read(pipe.r, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) found += text[i] == 'c' ? 1 : 0;
    }
  };
  while (left > 0) {
    char y[100] = "y";
    const iovec iov{y, sizeof(y)};
    vmsplice(pipe.w, &iov, 1, SPLICE_F_NONBLOCK);
    splice(pipe.r, nullptr, other.w, nullptr, 1, SPLICE_F_NONBLOCK);
    char text[64];
    for (ssize_t n; (n = read(other.r, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) found += text[i] == 'c' ? 1 : 0;
    }
    drain();
  }
  every(0);
  drain();
  CHECK_EQ(found, runs.load());
}

// Values queued by another thread come in their order, each once, with all that belongs to them.
HAZARD(queued_signals_keep_their_order_and_values) {
  static std::atomic<int> got;
  static std::atomic<bool> over;
  static pthread_t receiver;
  receiver = pthread_self();
  const int signal = SIGRTMIN + 3;
  handle(
      signal,
      [](int number, siginfo_t* info, void*) {
        const int expected = got + 1;
        if (number != SIGRTMIN + 3 || info->si_signo != number || info->si_code != SI_QUEUE ||
            info->si_pid != getpid() || info->si_uid != getuid() ||
            info->si_value.sival_int != expected) {
          fail(__FILE__, __LINE__,
               "value " + std::to_string(info->si_value.sival_int) + " instead of " +
                   std::to_string(expected));
        }
        got = expected;
      },
      SA_RESTART);
  const Ring a;
  const Ring b;
  pthread_t sender;
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  CHECK_EQ(pthread_create(
               &sender, nullptr,
               [](void* last) -> void* {
                 for (int i = 1; i <= *static_cast<int*>(last);) {
                   if (pthread_sigqueue(receiver, SIGRTMIN + 3, {.sival_int = i}) == 0) {
                     ++i;
                   } else {
                     sched_yield();
                   }
                   if (i % 64 == 0) usleep(50);
                 }
                 over = true;
                 return nullptr;
               },
               [] {
                 static int last = 20000 * times();
                 return &last;
               }()),
           0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  while (!over) busy(a, b);
  CHECK_EQ(pthread_join(sender, nullptr), 0);
  for (int i = 0; i < 100; ++i) busy(a, b);
  CHECK_EQ(got.load(), 20000 * times());
}

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

// Threads that may be cancelled anywhere, in the middle of work on a ring that others use.
HAZARD(cancelled_anywhere) {
  static const Ring* ring;
  static const Ring* other;
  const Ring a;
  const Ring b;
  ring = &a;
  other = &b;
  char text[4096] = "x";
  for (int i = 0; i < 300 * times(); ++i) {
    pthread_t thread;
    static std::atomic<bool> begun;
    begun = false;
    CHECK_EQ(pthread_create(
                 &thread, nullptr,
                 [](void*) -> void* {
                   int before;
                   pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, &before);
                   begun = true;
                   char some[512] = "y";
                   const iovec iov{some, sizeof(some)};
                   for (;;) {
                     vmsplice(ring->w, &iov, 1, SPLICE_F_NONBLOCK);
                     splice(ring->r, nullptr, other->w, nullptr, 4096, SPLICE_F_NONBLOCK);
                     tee(other->r, ring->w, 4096, SPLICE_F_NONBLOCK);
                     read(other->r, some, sizeof(some));
                   }
                 },
                 nullptr),
             0);
    while (!begun) sched_yield();
    usleep(static_cast<useconds_t>(i % 50));
    CHECK_EQ(pthread_cancel(thread), 0);
    CHECK_EQ(pthread_join(thread, nullptr), 0);
    for (const Ring* one : {&a, &b}) {
      while (read(one->r, text, sizeof(text)) > 0) {
      }
      CHECK_EQ(errno, EAGAIN);
      CHECK_EQ(write(one->w, text, 10), 10);
      CHECK_EQ(read(one->r, text, sizeof(text)), 10);
    }
  }
}

// sendfile is no cancellation point, neither at its begin nor while it waits; and a handler that
// leaves it does not leave the thread without cancellation.
HAZARD(sendfile_is_not_cancelled) {
  static int file;
  static const Pipe* full;
  file = file_of("hello");
  const Pipe pipe;
  full = &pipe;
  put(pipe.w, pattern(65536));
  static volatile int moved;
  const auto waits = [](void*) -> void* {
    off_t at = 0;
    moved = static_cast<int>(sendfile(full->w, file, &at, 5));
    pthread_testcancel();
    return nullptr;
  };
  pthread_t thread;
  CHECK_EQ(pthread_create(&thread, nullptr, waits, nullptr), 0);
  sleep_ms(50);
  CHECK_EQ(pthread_cancel(thread), 0);
  sleep_ms(50);
  take(pipe.r, 65536);
  void* result;
  CHECK_EQ(pthread_join(thread, &result), 0);
  CHECK_EQ(moved, 5);
  CHECK(result == PTHREAD_CANCELED);
  CHECK_EQ(take(pipe.r, 5), "hello");
  put(pipe.w, pattern(65536));
  handle(
      SIGALRM, [](int, siginfo_t*, void*) { siglongjmp(away, 1); }, SA_RESTART);
  if (sigsetjmp(away, 1) == 0) {
    every(30000);
    off_t at = 0;
    sendfile(pipe.w, file, &at, 5);
    fail(__FILE__, __LINE__, "came back");
  }
  every(0);
  int state;
  CHECK_EQ(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state), 0);
  CHECK_EQ(state, static_cast<int>(PTHREAD_CANCEL_ENABLE));
}

// As large as the kernel's frame and what a handler gets beside it by SIGSTKSZ, where frames are
// large.
HAZARD(calls_fit_a_small_stack) {
  constexpr size_t kBeside = 4500;
  constexpr char kUntouched = 0x5a;
  static char memory[128 << 10];
  static const Ring* a;
  static const Ring* b;
  static int file;
  static int sockets[2];
  static char buffer[40][200];
  const Ring ring_a;
  const Ring ring_b;
  a = &ring_a;
  b = &ring_b;
  file = file_of(pattern(100000));
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  memset(memory, kUntouched, sizeof(memory));
  const size_t size = static_cast<size_t>(sysconf(_SC_MINSIGSTKSZ)) + kBeside;
  char* const base = memory + sizeof(memory) - size;
  const stack_t given{.ss_sp = base, .ss_flags = 0, .ss_size = size};
  CHECK_EQ(sigaltstack(&given, nullptr), 0);
  static void (*const kUses[])() = {
      [] {
        static iovec iov[40];
        for (int i = 0; i < 40; ++i) iov[i] = {buffer[i], sizeof(buffer[i])};
        vmsplice(a->w, iov, 40, SPLICE_F_NONBLOCK);
        vmsplice(a->r, iov, 5, SPLICE_F_NONBLOCK);
      },
      [] { splice(a->r, nullptr, b->w, nullptr, 1000, SPLICE_F_NONBLOCK); },
      [] { tee(b->r, a->w, 1000, SPLICE_F_NONBLOCK); },
      [] { splice(a->r, nullptr, sockets[0], nullptr, 1000, SPLICE_F_NONBLOCK); },
      [] { splice(sockets[1], nullptr, a->w, nullptr, 500, SPLICE_F_NONBLOCK); },
      [] {
        static off_t at = 10;
        splice(file, &at, a->w, nullptr, 65536, SPLICE_F_NONBLOCK);
        sendfile(sockets[0], file, &at, 1000);
        sendfile(b->w, file, &at, 1000);
      },
      [] { write(a->w, buffer, 600); },
      [] { read(a->r, buffer, 600); },
      [] {
        static pollfd p[2];
        p[0] = {a->r, POLLIN, 0};
        p[1] = {b->w, POLLOUT, 0};
        poll(p, 2, 0);
        p[0].events = 0;
        poll(p, 1, 1);
      },
      [] {
        write(a->w, buffer, 600);
        tee(a->r, b->w, 100, SPLICE_F_NONBLOCK);
        splice(a->r, nullptr, sockets[0], nullptr, 50, SPLICE_F_NONBLOCK);
        read(a->r, buffer, 10);
      },
      [] {
        close(a->w);
        close(a->r);
        close(b->r);
      },
  };
  static void (*use)();
  handle(
      SIGUSR1, [](int, siginfo_t*, void*) { use(); }, SA_ONSTACK);
  // What the loader binds at the first use of a function takes a stack of its own.
  for (void (*const one)() : kUses) one();
  static const Ring fresh_a;
  static const Ring fresh_b;
  a = &fresh_a;
  b = &fresh_b;
  for (size_t i = 0; i < std::size(kUses); ++i) {
    use = kUses[i];
    CHECK_EQ(raise(SIGUSR1), 0);
    const char* lowest = memory;
    while (*lowest == kUntouched) ++lowest;
    const auto over = base - lowest;
    if (over > 0) {
      fail(__FILE__, __LINE__, "use " + std::to_string(i) + " is over by " + std::to_string(over));
    }
  }
}
