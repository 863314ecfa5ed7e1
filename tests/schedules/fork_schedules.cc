// Forks while other threads work on the same pipes.
#include <sys/wait.h>

#include <atomic>

#include "schedule.h"
#include "traffic.h"

using namespace schedules;

SCHEDULE(fork_in_the_middle) {
  const Pipe a, b;
  const std::string_view bytes = stream().substr(0, 30000);
  write_all(a.w, bytes);
  std::atomic<bool> over{false};
  const auto carry = [&over](int from, int to) {
    return [&over, from, to] {
      while (!over) carry_some(from, to);
    };
  };
  together({carry(a.r, b.w), carry(b.r, a.w), [&] {
              for (int i = 0; i < 15; ++i) {
                const pid_t child = anysplice::fork();
                if (child == 0) {
                  for (int n = 0; n < 20; ++n) {
                    carry_some(a.r, b.w);
                    carry_some(b.r, a.w);
                  }
                  anysplice::settle_held(anysplice::SettleReason::kAsked);
                  _exit(0);
                }
                int status = 0;
                if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
                  over = true;
                  wrong("a child ends badly");
                }
              }
              over = true;
            }});
  check_rotation(a, b, bytes);
}

// What the engine opens for a moment is not for children that go on without executing: they would
// keep a pipe from ending.
SCHEDULE(forks_beside_ends_for_a_moment) {
  const Pipe a, b;
  constexpr int kMost = 64;
  const auto descriptors = [] {
    int count = 0;
    for (int fd = 0; fd < kMost; ++fd) count += ::fcntl(fd, F_GETFD) >= 0;
    return count;
  };
  const int before = descriptors();
  std::atomic<bool> over{false};
  const auto carry = [&over](int from, int to) {
    return [&over, from, to] {
      while (!over) carry_some(from, to);
    };
  };
  write_all(a.w, stream().substr(0, 30000));
  together({carry(a.r, b.w), carry(b.r, a.w), [&] {
              for (int i = 0; i < 40; ++i) {
                const pid_t child = anysplice::fork();
                if (child == 0) _exit(descriptors() == before ? 0 : 1);
                int status = 0;
                if (child < 0 || waitpid(child, &status, 0) != child || status != 0) {
                  over = true;
                  wrong("a child has more descriptors");
                }
              }
              over = true;
            }});
}
