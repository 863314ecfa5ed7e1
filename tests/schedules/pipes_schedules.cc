// Two and three threads on the same pipes, or a thread and its signal handler.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>

#include <atomic>

#include "schedule.h"
#include "traffic.h"

using namespace schedules;

SCHEDULE(there_and_back) {
  const Pipe a, b;
  const std::string_view bytes = stream().substr(0, 30000);
  write_all(a.w, bytes);
  const auto carry = [](int from, int to) {
    return [from, to] {
      for (int i = 0; i < 400; ++i) {
        carry_some(from, to);
      }
    };
  };
  together({carry(a.r, b.w), carry(b.r, a.w), carry(a.r, b.w)});
  check_rotation(a, b, bytes);
}

SCHEDULE(settle_against_append) {
  const Pipe a;
  const std::string_view bytes = stream().substr(0, 200000);
  std::atomic<bool> over{false};
  std::string got;
  together({[&] { produce(a.w, bytes); },
            [&] {
              got = consume(a.r, bytes.size());
              over = true;
            },
            [&] {
              const Pipe copy;
              while (!over) {
                pollfd p{a.r, POLLIN, 0};
                int count = 0;
                switch (below(5)) {
                  case 0:
                    anysplice::poll(&p, 1, 1);
                    break;
                  case 1:
                    anysplice::ioctl(a.r, FIONREAD, &count);
                    break;
                  case 2:
                    anysplice::expose(a.w, anysplice::SettleReason::kStdio);
                    break;
                  case 3:
                    anysplice::tee(a.r, copy.w, 3000, kNow);
                    drain(copy.r);
                    break;
                  default:
                    anysplice::fcntl(a.w, F_SETPIPE_SZ, 65536 << below(2));
                }
              }
            }});
  same("read", got, bytes);
}

namespace {

std::atomic<uint32_t> written_by_handler;
int self_pipe;

void on_alarm(int) {
  const int kept = errno;
  if (anysplice::write(self_pipe, "!", 1) == 1) ++written_by_handler;
  errno = kept;
}

}  // namespace

SCHEDULE(handler_with_a_self_pipe) {
  const Pipe p(O_NONBLOCK), copy;
  self_pipe = p.w;
  struct sigaction action {};
  action.sa_handler = on_alarm;
  action.sa_flags = below(2) == 0 ? SA_RESTART : 0;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 100}, {0, 100}};
  setitimer(ITIMER_REAL, &often, nullptr);
  uint32_t mine = 0;
  uint32_t taken = 0;
  char buffer[4096];
  const auto take = [&](int fd) {
    const ssize_t n = anysplice::read(fd, buffer, sizeof(buffer));
    if (n > 0) taken += static_cast<uint32_t>(n);
  };
  for (int i = 0; i < 2000; ++i) {
    const iovec iov{const_cast<char*>("mine"), 4};
    const ssize_t n = anysplice::vmsplice(p.w, &iov, 1, kNow);
    if (n > 0) mine += static_cast<uint32_t>(n);
    if (below(3) == 0) take(p.r);
    if (below(5) == 0 && anysplice::splice(p.r, nullptr, copy.w, nullptr, 100, kNow) > 0) {
      take(copy.r);
    }
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  taken += static_cast<uint32_t>(drain(p.r).size() + drain(copy.r).size());
  if (taken != mine + written_by_handler) {
    wrong(std::to_string(taken) + " bytes taken, not " + std::to_string(mine) + " and " +
          std::to_string(written_by_handler));
  }
}
