// Descriptors that are copied and replaced while others use them.
#include <atomic>

#include "schedule.h"
#include "traffic.h"

using namespace schedules;

SCHEDULE(copies_that_come_and_go) {
  const Pipe a, b;
  const std::string_view bytes = stream().substr(0, 150000);
  std::atomic<bool> over{false};
  std::string got;
  const auto copies = [&over](int fd) {
    return [&over, fd] {
      while (!over) {
        const int one = anysplice::dup(fd);
        const int two = anysplice::fcntl(fd, F_DUPFD_CLOEXEC, 100);
        anysplice::close(one);
        anysplice::close(two);
      }
    };
  };
  together({[&] {
              produce(a.w, bytes);
              anysplice::close(a.w);
            },
            [&] {
              ssize_t n;
              while ((n = anysplice::splice(a.r, nullptr, b.w, nullptr, 1 + below(9000), 0)) > 0) {
              }
              if (n < 0) wrong("splice fails");
              anysplice::close(b.w);
            },
            [&] {
              got = consume(b.r, bytes.size());
              over = true;
            },
            copies(a.r), copies(b.r)});
  same("read", got, bytes);
}

SCHEDULE(dup2_onto_a_live_end) {
  const int place = Pipe().r;
  std::atomic<bool> over{false};
  together({[&] {
              for (int i = 0; i < 100; ++i) {
                const Pipe fresh;
                const size_t at = below(500000);
                write_all(fresh.w, stream().substr(at, 3000));
                anysplice::splice(fresh.r, nullptr, Pipe().w, nullptr, 0, 0);
                if (anysplice::dup2(fresh.r, place) != place) wrong("dup2");
                usleep(below(100));
                close(fresh);
              }
              over = true;
            },
            [&] {
              const Pipe mine;
              size_t expected = std::string_view::npos;
              while (!over) {
                const ssize_t n =
                    anysplice::splice(place, nullptr, mine.w, nullptr, 16 + below(500), kNow);
                if (n <= 0) continue;
                const std::string got = drain(mine.r);
                if (got.size() != static_cast<size_t>(n)) wrong("a splice says what it did not do");
                if (got.size() < 16) continue;
                // Either the pipe goes on, or another one has begun.
                const size_t there = place_of(got);
                if (there == std::string_view::npos) wrong("bytes of no pipe");
                if (stream().substr(there, got.size()) != got) wrong("a piece of two pipes");
                expected = there + got.size();
              }
              (void)expected;
            }});
}
