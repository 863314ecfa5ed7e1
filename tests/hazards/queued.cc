// Signals that are queued while their thread is at work.
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>

#include <atomic>
#include <string>

#include "refuse.h"
#include "under_fire.h"

using namespace hazard;

namespace {

// Values queued by another thread come in their order, each once, with all that belongs to them.
void queue_signals() {
  static std::atomic<int> got;
  static std::atomic<bool> over;
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
                   if (sigqueue(getpid(), SIGRTMIN + 3, {.sival_int = i}) == 0) {
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

}  // namespace

HAZARD(queued_signals_keep_their_order_and_values) { queue_signals(); }

// What is put off can be delivered by a call of the engine's own only.
HAZARD(queued_signals_keep_their_order_where_no_thread_may_be_sent_one) {
  refuse({SYS_rt_tgsigqueueinfo}, EPERM);
  queue_signals();
}

// Where no more can be queued, the kernel delivers what is no real-time signal without its siginfo.
HAZARD(a_timers_signal_says_so_where_none_can_be_queued) {
  static std::atomic<int> well;
  static std::atomic<int> bad;
  handle(
      SIGUSR1,
      [](int, siginfo_t* info, void*) {
        ++(info->si_code == SI_TIMER && info->si_value.sival_int == 42 ? well : bad);
      },
      SA_RESTART);
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGUSR1;
  event.sigev_value.sival_int = 42;
  timer_t timer;
  CHECK_EQ(timer_create(CLOCK_MONOTONIC, &event, &timer), 0);
  const rlimit none{0, 0};
  CHECK_EQ(setrlimit(RLIMIT_SIGPENDING, &none), 0);
  const Ring a;
  const Ring b;
  const itimerspec often{{0, 100000}, {0, 100000}};
  CHECK_EQ(timer_settime(timer, 0, &often, nullptr), 0);
  for (const double end = seconds() + 0.3 * times(); seconds() < end;) busy(a, b);
  const itimerspec never{};
  CHECK_EQ(timer_settime(timer, 0, &never, nullptr), 0);
  CHECK(well > 0);
  CHECK_EQ(bad.load(), 0);
}
