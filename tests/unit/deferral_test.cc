// Handlers put off by a section, and what they find when they run.
#include "core/sys/deferral.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>

#include <vector>

#include "core/sys/critical_section.h"
#include "core/sys/platform.h"
#include "core/sys/signal_actions.h"
#include "core/sys/thread.h"
#include "tests/catch.h"

using namespace anysplice;

namespace {

struct Run {
  int signal;
  int code;
  int value;
  uint32_t state;
};
std::vector<Run> runs;
sigjmp_buf away;

void note_run(int signal, siginfo_t* info, void*) {
  runs.push_back({signal, info->si_code, info->si_value.sival_int, deferral::self.state});
}

// Handlers are seen in here, and as they were afterwards.
class Seen {
 public:
  Seen() {
    runs.clear();
    runs.reserve(100);
    signal_actions::start();
  }
  ~Seen() {
    for (const int signal : {SIGUSR1, SIGUSR2, SIGRTMIN}) {
      struct sigaction none {};
      none.sa_handler = SIG_DFL;
      signal_actions::change(signal, &none, nullptr, false);
    }
    deferral::available = false;
  }
};

void handle(int signal, void (*handler)(int, siginfo_t*, void*), int flags = 0) {
  struct sigaction action {};
  action.sa_sigaction = handler;
  action.sa_flags = flags | SA_SIGINFO;
  REQUIRE(signal_actions::change(signal, &action, nullptr, false) == 0);
}

bool blocked(int signal) {
  sigset_t now;
  pthread_sigmask(SIG_BLOCK, nullptr, &now);
  return sigismember(&now, signal) == 1;
}

void send(int signal, int value) {
  REQUIRE(pthread_sigqueue(pthread_self(), signal, {.sival_int = value}) == 0);
}

}  // namespace

TEST_CASE("a handler waits for the end of the section", "[deferral]") {
  const Seen seen;
  handle(SIGUSR1, note_run);
  {
    const CriticalSection outer(Signals::kDeferred);
    {
      const CriticalSection inner(Signals::kDeferred);
      CHECK(outer.came() == deferral::Came::kNone);
      send(SIGUSR1, 7);
      CHECK(runs.empty());
      CHECK(outer.came() == deferral::Came::kInterrupts);
      CHECK(blocked(SIGUSR1));
      CHECK(blocked(SIGUSR2));
      CHECK_FALSE(blocked(SIGSEGV));
    }
    CHECK(runs.empty());
  }
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].code == SI_QUEUE);
  CHECK(runs[0].value == 7);
  CHECK(runs[0].state == 0);
  CHECK_FALSE(blocked(SIGUSR1));
  CHECK_FALSE(blocked(SIGUSR2));
  send(SIGUSR1, 8);
  CHECK(runs.size() == 2);
}

TEST_CASE("queued signals keep their order", "[deferral]") {
  const Seen seen;
  handle(SIGRTMIN, note_run);
  for (const Signals how : {Signals::kDeferred, Signals::kBlocked}) {
    runs.clear();
    {
      const CriticalSection section(how);
      for (int i = 0; i < 20; ++i) send(SIGRTMIN, i);
    }
    REQUIRE(runs.size() == 20);
    for (int i = 0; i < 20; ++i) CHECK(runs[static_cast<size_t>(i)].value == i);
  }
  // The same value twice, and without the kernel's being asked in between.
  runs.clear();
  {
    const CriticalSection section(Signals::kDeferred);
    for (const int value : {5, 5, 5, 6}) send(SIGRTMIN, value);
  }
  REQUIRE(runs.size() == 4);
  CHECK(runs[2].value == 5);
  CHECK(runs[3].value == 6);
  CHECK(deferral::self.noted == 0);
}

TEST_CASE("of signals that come at once the order is that of the kernel", "[deferral]") {
  const Seen seen;
  handle(SIGRTMIN, note_run, SA_NODEFER);
  sigset_t it;
  sigemptyset(&it);
  sigaddset(&it, SIGRTMIN);
  const auto all_at_once = [&] {
    pthread_sigmask(SIG_BLOCK, &it, nullptr);
    for (int i = 0; i < 3; ++i) send(SIGRTMIN, i);
    pthread_sigmask(SIG_UNBLOCK, &it, nullptr);
  };
  const auto order = [] {
    std::vector<int> values;
    for (const Run& run : runs) values.push_back(run.value);
    runs.clear();
    return values;
  };
  all_at_once();
  const std::vector<int> without = order();
  {
    const CriticalSection section(Signals::kDeferred);
    all_at_once();
    CHECK(runs.empty());
  }
  CHECK(order() == without);
  CHECK(deferral::self.noted == 0);
}

TEST_CASE("a handler can leave the end of a section", "[deferral]") {
  const Seen seen;
  handle(SIGUSR1, [](int, siginfo_t*, void*) { siglongjmp(away, 1); });
  static int rounds;
  for (rounds = 0; rounds < 3; ++rounds) {
    if (sigsetjmp(away, 1) == 0) {
      const CriticalSection section(Signals::kDeferred);
      raise(SIGUSR1);
      CHECK(blocked(SIGUSR1));
    } else {
      CHECK(deferral::self.state == 0);
      CHECK_FALSE(blocked(SIGUSR1));
      int state;
      pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
      CHECK(state == PTHREAD_CANCEL_ENABLE);
    }
  }
}

TEST_CASE("cancellation is given back to a handler that may leave", "[deferral]") {
  const Seen seen;
  static int state_seen;
  handle(SIGUSR1, [](int, siginfo_t*, void*) {
    pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state_seen);
    pthread_setcancelstate(state_seen, nullptr);
  });
  {
    const deferral::NoCancellation no;
    state_seen = -1;
    raise(SIGUSR1);
    CHECK(state_seen == PTHREAD_CANCEL_ENABLE);
    int state;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &state);
    CHECK(state == PTHREAD_CANCEL_DISABLE);
    {
      const CriticalSection section(Signals::kDeferred);
      state_seen = -1;
      raise(SIGUSR1);
      CHECK(state_seen == -1);
    }
    CHECK(state_seen == PTHREAD_CANCEL_ENABLE);
  }
  int state;
  pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state);
  CHECK(state == PTHREAD_CANCEL_ENABLE);
}

TEST_CASE("what a handler was noted for, and is no longer there, is void", "[deferral]") {
  const Seen seen;
  handle(SIGUSR1, note_run);
  {
    const CriticalSection section(Signals::kDeferred);
    send(SIGUSR1, 1);
    struct sigaction none {};
    none.sa_handler = SIG_IGN;
    REQUIRE(signal_actions::change(SIGUSR1, &none, nullptr, false) == 0);
  }
  CHECK(runs.empty());
  handle(SIGUSR1, note_run);
  send(SIGUSR1, 2);
  REQUIRE(runs.size() == 1);
  CHECK(runs[0].value == 2);
}

TEST_CASE("a fault runs at once, one that was sent waits", "[deferral]") {
  if (kPosixPlatform) return;
  const Seen seen;
  handle(SIGUSR2, note_run);
  struct sigaction before;
  REQUIRE(sigaction(SIGFPE, nullptr, &before) == 0);
  handle(SIGFPE, note_run);
  {
    const CriticalSection section(Signals::kDeferred);
    send(SIGFPE, 3);
    CHECK(runs.empty());
  }
  CHECK(runs.size() == 1);
  {
    const CriticalSection section(Signals::kDeferred);
    siginfo_t info{};
    info.si_signo = SIGFPE;
    info.si_code = FPE_INTDIV;
    REQUIRE(thread::send(SIGFPE, info));
    CHECK(runs.size() == 2);
  }
  CHECK(runs.size() == 2);
  REQUIRE(signal_actions::change(SIGFPE, &before, nullptr, false) == 0);
}
