// Signals that come while a call waits or moves.
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "blocked.h"
#include "hazard.h"

using namespace hazard;

namespace {

volatile sig_atomic_t alarms;
Blocked* to_unblock;
sigjmp_buf away;
int self_pipe = -1;
volatile sig_atomic_t written;

void handle(int number, void (*handler)(int), int flags) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = flags;
  CHECK_EQ(sigaction(number, &action, nullptr), 0);
}

void every(long microseconds) {
  const itimerval timer{{0, microseconds}, {0, microseconds}};
  CHECK_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
}

}  // namespace

HAZARD(alarm_ends_a_blocked_call) {
  for (const Call call : kCalls) {
    Blocked blocked(call);
    handle(
        SIGALRM, [](int) { alarms = alarms + 1; }, 0);
    every(20000);
    CHECK_FAILS(blocked.call(), EINTR);
    every(0);
    CHECK(alarms > 0);
    blocked.unblock();
    CHECK(blocked.call() > 0);
    blocked.check();
  }
}

HAZARD(alarm_restarts_a_blocked_call) {
  for (const Call call : kCalls) {
    Blocked blocked(call);
    to_unblock = &blocked;
    alarms = 0;
    const auto handler = [](int) {
      alarms = alarms + 1;
      if (alarms == 3) to_unblock->unblock();
    };
    handle(SIGALRM, handler, SA_RESTART);
    every(20000);
    CHECK(blocked.call() > 0);
    every(0);
    CHECK(alarms >= 3);
    blocked.check();
  }
}

HAZARD(longjmp_out_of_a_blocked_call) {
  for (const Call call : kCalls) {
    Blocked blocked(call);
    handle(
        SIGALRM, [](int) { siglongjmp(away, 1); }, 0);
    if (sigsetjmp(away, 1) == 0) {
      every(20000);
      blocked.call();
      fail(__FILE__, __LINE__, "the call came back");
    }
    every(0);
    blocked.unblock();
    CHECK(blocked.call() > 0);
    blocked.check();
  }
}

// Bytes that a handler writes while the pipe, and others, are being spliced.
HAZARD(handler_writes_at_10_khz) {
  const Pipe self(O_NONBLOCK);
  const Pipe buffer;
  self_pipe = self.w;
  const std::string bytes = pattern(100000);
  const int from = file_of(bytes);
  const int to = file_of("");
  const int null = open("/dev/null", O_WRONLY);
  handle(
      SIGALRM,
      [](int) {
        const int kept = errno;
        if (write(self_pipe, "x", 1) == 1) written = written + 1;
        errno = kept;
      },
      SA_RESTART);
  every(100);
  ssize_t taken = 0;
  for (const double end = seconds() + 0.3; seconds() < end;) {
    off_t at = 0;
    for (size_t done = 0; done < bytes.size();) {
      ssize_t n = splice(from, &at, buffer.w, nullptr, bytes.size() - done, 0);
      CHECK(n > 0);
      off_t out = static_cast<off_t>(done);
      done += static_cast<size_t>(n);
      for (; n > 0; n = static_cast<ssize_t>(static_cast<off_t>(done) - out)) {
        const ssize_t moved = splice(buffer.r, nullptr, to, &out, static_cast<size_t>(n), 0);
        CHECK(moved > 0);
      }
    }
    const ssize_t n = splice(self.r, nullptr, null, nullptr, 100, SPLICE_F_NONBLOCK);
    CHECK(n > 0 || errno == EAGAIN);
    if (n > 0) taken += n;
  }
  every(0);
  CHECK_EQ(lseek(to, 0, SEEK_SET), 0);
  CHECK_EQ(take(to, bytes.size() + 1), bytes);
  for (ssize_t n; (n = splice(self.r, nullptr, null, nullptr, 100, 0)) > 0;) taken += n;
  CHECK_EQ(errno, EAGAIN);
  CHECK_EQ(taken, static_cast<ssize_t>(written));
  CHECK(taken > 100);
}

HAZARD(sigpipe_and_epipe) {
  const int file = file_of("x");
  const auto write_to = [&](int which, int fd) -> ssize_t {
    char x = 'x';
    const iovec iov{&x, 1};
    const Teed source("x");
    off_t start = 0;
    switch (which) {
      case 0:
        return splice(file, &start, fd, nullptr, 1, 0);
      case 1:
        return splice(source.pipe.r, nullptr, fd, nullptr, 1, 0);
      case 2:
        return tee(source.pipe.r, fd, 1, 0);
      case 3:
        return vmsplice(fd, &iov, 1, 0);
      default:
        return sendfile(fd, file, &start, 1);
    }
  };
  for (int which = 0; which < 5; ++which) {
    for (const bool used : {false, true}) {
      const Teed pipe("unread");
      const int out = used ? pipe.pipe.w : Pipe().w;
      const int in = used ? pipe.pipe.r : out - 1;
      close(in);
      const pid_t child = start([&] { write_to(which, out); });
      int status;
      CHECK_EQ(waitpid(child, &status, 0), child);
      CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
      signal(SIGPIPE, SIG_IGN);
      CHECK_FAILS(write_to(which, out), EPIPE);
      signal(SIGPIPE, SIG_DFL);
      close(out);
    }
  }
}

HAZARD(mask_and_errno_are_kept) {
  sigset_t before;
  sigemptyset(&before);
  sigaddset(&before, SIGUSR1);
  CHECK_EQ(sigprocmask(SIG_SETMASK, &before, nullptr), 0);
  errno = 4321;
  const Teed teed("abc");
  const int file = file_of("def");
  char x = 'x';
  const iovec iov{&x, 1};
  errno = 4321;
  CHECK_EQ(splice(file, nullptr, teed.pipe.w, nullptr, 3, 0), 3);
  CHECK_EQ(vmsplice(teed.pipe.w, &iov, 1, 0), 1);
  CHECK_EQ(sendfile(file, file, nullptr, 0), 0);
  CHECK_EQ(splice(teed.pipe.r, nullptr, teed.copy.w, nullptr, 3, 0), 3);
  CHECK_EQ(tee(teed.pipe.r, teed.copy.w, 3, 0), 3);
  CHECK_EQ(vmsplice(teed.pipe.r, &iov, 1, 0), 1);
  CHECK_EQ(read(teed.pipe.r, &x, 1), 1);
  CHECK_EQ(ready(teed.pipe.r, POLLIN), POLLIN);
  CHECK_EQ(errno, 4321);
  CHECK_FAILS(splice(file, nullptr, file, nullptr, 3, 0), EINVAL);
  CHECK_FAILS(tee(teed.pipe.w, teed.copy.w, 3, 0), EBADF);
  sigset_t after;
  sigprocmask(SIG_SETMASK, nullptr, &after);
  for (int number = 1; number < SIGRTMAX; ++number) {
    CHECK_EQ(sigismember(&after, number), sigismember(&before, number));
  }
}
