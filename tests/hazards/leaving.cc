// Calls left half-way: by handlers that jump or switch stacks, and by cancellation.
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/sendfile.h>
#include <ucontext.h>

#include <atomic>

#include "under_fire.h"

using namespace hazard;

namespace {

sigjmp_buf away;
volatile sig_atomic_t armed;

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
  CHECK(sent + 1 >= got);  // the last one written is perhaps not counted yet
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
