// Two and three threads, or processes, on the same pipes.
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>

#include "schedule.h"

using namespace schedules;

namespace {

// Bytes go round through two pipes: whatever the threads do, what is in them is a rotation.
void check_rotation(const Pipe& a, const Pipe& b, std::string_view bytes) {
  const std::string found = drain(a.r) + drain(b.r);
  // The bytes of one pipe may come before or behind those of the other.
  const size_t first = (found + found).find(bytes.substr(0, 16));
  std::string turned = found;
  if (first != std::string::npos)
    std::rotate(turned.begin(), turned.begin() + static_cast<long>(first), turned.end());
  same("round and round", turned, bytes);
}

void write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = anysplice::write(fd, bytes.data(), bytes.size());
    if (n < 0) wrong("write");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// Puts the bytes in by write and vmsplice, in pieces.
void produce(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const size_t part = std::min<size_t>(bytes.size(), 1 + below(6000));
    const iovec iov{const_cast<char*>(bytes.data()), part};
    const ssize_t n = below(2) == 0 ? anysplice::write(fd, bytes.data(), part)
                                    : anysplice::vmsplice(fd, &iov, 1, 0);
    if (n < 0) wrong("a write fails");
    bytes.remove_prefix(static_cast<size_t>(n));
  }
}

// Takes so many bytes, by read and by vmsplice.
std::string consume(int fd, size_t length) {
  std::string got;
  char buffer[8192];
  while (got.size() < length) {
    const size_t part = std::min<size_t>(length - got.size(), 1 + below(sizeof(buffer)));
    const iovec iov{buffer, part};
    const ssize_t n =
        below(2) == 0 ? anysplice::read(fd, buffer, part) : anysplice::vmsplice(fd, &iov, 1, 0);
    if (n <= 0) break;
    got.append(buffer, static_cast<size_t>(n));
  }
  return got;
}

// Between pipes that have writers.
void carry_some(int from, int to) {
  const ssize_t n = anysplice::splice(from, nullptr, to, nullptr, 1 + below(9000), kNow);
  if (n <= 0 && errno != EAGAIN) wrong("a splice: errno " + std::to_string(errno));
}

}  // namespace

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

SCHEDULE(tee_against_readers) {
  const Pipe a, copies;
  const std::string_view bytes = stream().substr(0, 200000);
  std::vector<size_t> lengths;
  std::atomic<bool> over{false};
  std::string got, copied;
  together({[&] { produce(a.w, bytes); },
            [&] {
              got = consume(a.r, bytes.size());
              over = true;
            },
            [&] {
              while (!over) {
                const ssize_t n = anysplice::tee(a.r, copies.w, 1 + below(5000), kNow);
                if (n > 0) lengths.push_back(static_cast<size_t>(n));
                if (below(3) == 0) copied += drain(copies.r);
              }
              copied += drain(copies.r);
            }});
  same("read", got, bytes);
  // Each copy is a piece of the stream, and none begins before the one that was made earlier.
  size_t at = 0;
  size_t earliest = 0;
  for (const size_t length : lengths) {
    const std::string_view piece = std::string_view(copied).substr(at, length);
    if (piece.size() < length) wrong("copies: bytes lost");
    if (length >= 16) {
      const size_t place = bytes.find(piece);
      if (place == std::string_view::npos) wrong("a copy that is no piece of the stream");
      if (place < earliest) wrong("a copy of bytes that were read before");
      earliest = place;
    }
    at += length;
  }
  if (at != copied.size()) wrong("copies: bytes doubled");
}

// A thread is asleep in a read of a pipe from outside before the engine ever looked at that pipe.
SCHEDULE(tee_against_an_unknown_reader) {
  const Pipe copies;
  for (int i = 0; i < 40; ++i) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) wrong("pipe2");
    std::atomic<bool> over{false};
    together({[&] {
                char byte;
                if (anysplice::read(ends[0], &byte, 1) != 1) wrong("read");
                over = true;
              },
              [&] {
                usleep(below(200));
                while (!over) {
                  anysplice::tee(ends[0], copies.w, 1, kNow);
                  drain(copies.r);
                }
              },
              [&] {
                usleep(below(300));
                if (::write(ends[1], "x", 1) != 1) wrong("write");
                for (int waited = 0; !over; ++waited) {
                  if (waited == 5000) wrong("a reader sleeps, and there is a byte");
                  usleep(1000);
                }
              }});
    anysplice::close(ends[0]);
    anysplice::close(ends[1]);
  }
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
