// Calls that wait and move under a storm of SIGALRM, ten thousand a second, whose handler uses
// pipes itself: a self-pipe that the interrupted thread works on too, and pipes of its own.
#include <poll.h>
#include <signal.h>
#include <sys/time.h>

#include <thread>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr size_t kBytes = 300000;

int self_pipe;
int one_byte;
const Pipe* mine;
const Pipe* my_copy;
volatile sig_atomic_t written;
volatile sig_atomic_t wrong;
volatile sig_atomic_t alarms;

void write_a_byte(int) {
  const int kept = errno;
  alarms = alarms + 1;
  if (write(self_pipe, "x", 1) == 1) written = written + 1;
  errno = kept;
}

// A byte into the self-pipe, and one through two pipes that are the handler's own.
void splice_a_byte(int) {
  const int kept = errno;
  alarms = alarms + 1;
  off_t start = 0;
  if (splice(one_byte, &start, self_pipe, nullptr, 1, SPLICE_F_NONBLOCK) == 1) {
    written = written + 1;
  }
  char bytes[4] = {};
  const iovec iov{const_cast<char*>("ab"), 2};
  const bool good = vmsplice(mine->w, &iov, 1, 0) == 2 && tee(mine->r, my_copy->w, 2, 0) == 2 &&
                    splice(mine->r, nullptr, my_copy->w, nullptr, 2, 0) == 2 &&
                    read(my_copy->r, bytes, 4) == 4 && std::string_view(bytes, 4) == "abab";
  if (!good) wrong = wrong + 1;
  errno = kept;
}

void every(long microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  CHECK_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
}

// Makes a call until no signal ends it; only where handlers restart calls none may.
template <typename Made>
ssize_t call(bool restarts, Made made) {
  for (;;) {
    const ssize_t n = made();
    if (n >= 0) return n;
    CHECK_EQ(errno, EINTR);
    CHECK(!restarts);
  }
}

// Bytes that another thread writes now and then come through two pipes, by calls that wait, while
// the handler's bytes are taken out of the self-pipe.
void under(void (*handler)(int), bool restarts) {
  const Pipe self(O_NONBLOCK), from, to, own, own_copy;
  self_pipe = self.w;
  mine = &own;
  my_copy = &own_copy;
  one_byte = file_of("x");
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = restarts ? SA_RESTART : 0;
  CHECK_EQ(sigaction(SIGALRM, &action, nullptr), 0);

  const std::string bytes = pattern(kBytes);
  sigset_t alarm;
  sigemptyset(&alarm);
  sigaddset(&alarm, SIGALRM);
  CHECK_EQ(pthread_sigmask(SIG_BLOCK, &alarm, nullptr), 0);
  std::thread feeder([&] {
    for (size_t at = 0; at < kBytes; at += 6000) {
      put(from.w, std::string_view(bytes).substr(at, 6000));
      sleep_ms(2);
    }
  });
  CHECK_EQ(pthread_sigmask(SIG_UNBLOCK, &alarm, nullptr), 0);

  every(100);
  std::string got;
  ssize_t taken = 0;
  static char memory[65536];
  while (got.size() < kBytes) {
    const size_t want = 1 + got.size() % 5000;
    ssize_t n = call(restarts, [&] { return splice(from.r, nullptr, to.w, nullptr, want, 0); });
    CHECK(n > 0);
    while (n > 0) {
      const iovec iov{memory, static_cast<size_t>(n)};
      const ssize_t m = call(restarts, [&] {
        return n % 2 == 0 ? vmsplice(to.r, &iov, 1, 0) : read(to.r, memory, static_cast<size_t>(n));
      });
      CHECK(m > 0);
      got.append(memory, static_cast<size_t>(m));
      n -= m;
    }
    n = got.size() % 3 == 0 ? splice(self.r, nullptr, to.w, nullptr, 100, SPLICE_F_NONBLOCK)
                            : read(self.r, memory, 100);
    CHECK(n > 0 || errno == EAGAIN || errno == EINTR);
    if (n > 0) taken += n;
    if (n > 0 && got.size() % 3 == 0)
      CHECK_EQ(take(to.r, static_cast<size_t>(n)).size(), size_t(n));
  }
  every(0);
  feeder.join();
  CHECK_EQ(got, bytes);
  for (ssize_t n; (n = read(self.r, memory, sizeof(memory))) > 0;) taken += n;
  CHECK_EQ(taken, static_cast<ssize_t>(written));
  CHECK_EQ(wrong, 0);
  CHECK(alarms > 100);
  CHECK(written > 100);
}

}  // namespace

HAZARD(handler_writes_and_calls_restart) { under(write_a_byte, true); }

HAZARD(handler_writes_and_calls_end) { under(write_a_byte, false); }

HAZARD(handler_splices_and_calls_restart) { under(splice_a_byte, true); }

HAZARD(handler_splices_and_calls_end) { under(splice_a_byte, false); }
