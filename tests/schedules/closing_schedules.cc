// Descriptors that are closed, or given another meaning, while other threads transfer by them.
#include <dirent.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <mutex>

#include "core/calls/descriptors.h"
#include "schedule.h"

using namespace schedules;

namespace {

// Whether the bytes are of the stream, without a break.
bool of_the_stream(std::string_view bytes) {
  if (bytes.size() < 16) return true;
  const size_t at = place_of(bytes);
  return at != std::string_view::npos && stream().substr(at, bytes.size()) == bytes;
}

}  // namespace

// ThreadSanitizer takes each use of a number that another thread closes for an error.
#ifndef __SANITIZE_THREAD__

namespace {

int descriptors() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) wrong("opendir");
  int count = 0;
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

int file_of(std::string_view bytes) {
  const int fd = memfd_create("file", MFD_CLOEXEC);
  if (fd < 0 || ::write(fd, bytes.data(), bytes.size()) < 0) wrong("memfd_create");
  anysplice::forget(fd);
  return fd;
}

void end(int fd, int other) {
  switch (below(3)) {
    case 0:
      anysplice::close_range(static_cast<unsigned>(fd), static_cast<unsigned>(fd), 0);
      break;
    case 1:
      anysplice::dup2(other, fd);
      [[fallthrough]];
    default:
      anysplice::close(fd);
  }
}

}  // namespace

// Pipes that come and go under the hands of three threads. What these do there may fail in any way,
// but does not end, and other pipes carry their bytes as if nothing was. (Their numbers are high:
// the engine opens ends for a moment, which have the lowest there are.)
SCHEDULE(close_against_splice) {
  constexpr int kHigh = 500;
  const Pipe a, b;
  const std::string_view bytes = stream().substr(0, 200000);
  const int file = file_of(stream().substr(0, 50000));
  const Pipe own(O_NONBLOCK), copies(O_NONBLOCK);
  std::atomic<int> r{own.r}, w{own.w};
  std::atomic<bool> over{false};
  std::string got;
  const int before = descriptors();
  const auto disturb = [&] {
    const Pipe side(O_NONBLOCK);
    while (!over) {
      char memory[300];
      const iovec iov{memory, sizeof(memory)};
      int64_t at = 0;
      switch (below(6)) {
        case 0:
          anysplice::splice(r, nullptr, side.w, nullptr, 1 + below(4000), kNow);
          break;
        case 1:
          anysplice::tee(r, side.w, 1 + below(4000), kNow);
          break;
        case 2:
          anysplice::splice(file, &at, w, nullptr, 1 + below(4000), kNow);
          break;
        case 3:
          anysplice::vmsplice(r, &iov, 1, kNow);
          break;
        case 4:
          anysplice::splice(r, nullptr, w, nullptr, 100, kNow);
          break;
        default:
          anysplice::read(r, memory, sizeof(memory));
      }
      drain(side.r);
    }
    schedules::close(side);
  };
  together({[&] {
              for (size_t at = 0; at < bytes.size();) {
                const size_t part = std::min<size_t>(bytes.size() - at, 1 + below(5000));
                if (anysplice::write(a.w, bytes.data() + at, part) != static_cast<ssize_t>(part)) {
                  wrong("a write falls short");
                }
                at += part;
              }
            },
            [&] {
              for (size_t done = 0; done < bytes.size();) {
                const ssize_t n = anysplice::splice(a.r, nullptr, b.w, nullptr, 1 + below(9000), 0);
                if (n <= 0) wrong("a splice beside: errno " + std::to_string(errno));
                done += static_cast<size_t>(n);
                if (below(4) == 0) anysplice::tee(a.r, copies.w, 500, kNow);
                if (!of_the_stream(drain(copies.r))) wrong("a copy that is no piece");
              }
            },
            [&] {
              char memory[8192];
              while (got.size() < bytes.size()) {
                const ssize_t n = anysplice::read(b.r, memory, 1 + below(sizeof(memory)));
                if (n <= 0) wrong("a read beside: errno " + std::to_string(errno));
                got.append(memory, static_cast<size_t>(n));
              }
              over = true;
            },
            [&] {
              while (!over) {
                const Pipe low(O_NONBLOCK);
                int fresh[2];
                fresh[0] = anysplice::fcntl(low.r, F_DUPFD_CLOEXEC, kHigh);
                fresh[1] = anysplice::fcntl(low.w, F_DUPFD_CLOEXEC, kHigh);
                schedules::close(low);
                anysplice::write(fresh[1], stream().data() + below(500000), 1 + below(20000));
                r = fresh[0];
                w = fresh[1];
                usleep(below(200));
                // In any order, and the numbers are used again at once.
                const uint32_t first = below(2);
                end(fresh[first], file);
                end(fresh[1 - first], file);
              }
            },
            disturb, disturb});
  same("beside", got, bytes);
  // No lock was left, and no descriptor.
  drain(own.r);
  if (anysplice::write(own.w, "bytes", 5) != 5) wrong("write");
  if (anysplice::tee(own.r, copies.w, 5, 0) != 5) wrong("tee");
  if (drain(own.r) != "bytes" || drain(copies.r) != "bytes") wrong("other bytes");
  if (descriptors() != before) wrong("descriptors left open");
}

#endif

// One number names one pipe after another, while two threads take from it. Every pipe has lost just
// what was taken of it, by whichever of the two.
SCHEDULE(dup2_against_takers) {
  constexpr size_t kPipes = 40;
  constexpr size_t kEach = 8000;
  std::vector<Pipe> pipes;
  for (size_t i = 0; i < kPipes; ++i) {
    pipes.emplace_back(O_NONBLOCK);
    const std::string_view bytes = stream().substr(i * kEach, kEach);
    if (anysplice::write(pipes[i].w, bytes.data(), kEach) != kEach) wrong("write");
  }
  const int place = anysplice::fcntl(pipes[0].r, F_DUPFD_CLOEXEC, 500);
  std::atomic<bool> over{false};
  std::mutex mutex;
  std::vector<std::string> pieces;
  const auto take = [&] {
    const Pipe side(O_NONBLOCK);
    while (!over) {
      char memory[400];
      const size_t length = 16 + below(384);
      const iovec iov{memory, length};
      std::string got;
      ssize_t n = 0;
      switch (below(3)) {
        case 0:
          n = anysplice::splice(place, nullptr, side.w, nullptr, length, kNow);
          got = drain(side.r);
          break;
        case 1:
          n = anysplice::vmsplice(place, &iov, 1, kNow);
          got.assign(memory, static_cast<size_t>(std::max<ssize_t>(n, 0)));
          break;
        default:
          anysplice::tee(place, side.w, length, kNow);
          if (!of_the_stream(drain(side.r))) wrong("a copy of two pipes");
      }
      if (got.size() != static_cast<size_t>(std::max<ssize_t>(n, 0))) wrong("a count that is not");
      if (got.empty()) continue;
      const std::lock_guard guard(mutex);
      pieces.push_back(got);
    }
    schedules::close(side);
  };
  together({take, take, [&] {
              for (int i = 0; i < 400; ++i) {
                if (anysplice::dup2(pipes[below(kPipes)].r, place) != place) wrong("dup2");
                usleep(below(60));
              }
              over = true;
            }});
  anysplice::close(place);
  for (const Pipe& pipe : pipes) {
    pieces.push_back(drain(pipe.r));
    schedules::close(pipe);
  }
  // Put together they are what was written, each piece in one place.
  std::string all(kPipes * kEach, '\0');
  size_t total = 0;
  for (const std::string& piece : pieces) {
    total += piece.size();
    if (piece.size() < 8) continue;  // too short to be told where from
    const size_t at = stream().find(piece);
    if (at == std::string_view::npos) wrong("a piece of two pipes");
    if (at + piece.size() > all.size()) wrong("bytes that were not written");
    for (size_t i = 0; i < piece.size(); ++i) {
      if (all[at + i] != '\0') wrong("bytes doubled");
      all[at + i] = 1;
    }
  }
  if (total != all.size()) {
    wrong(std::to_string(total) + " bytes there, not " + std::to_string(all.size()));
  }
}

// Round and round by calls that wait: nobody waits for a lock that the other way needs.
SCHEDULE(there_and_back_waiting) {
  const Pipe a, b;
  const std::string_view bytes = stream().substr(0, 40000);
  if (anysplice::write(a.w, bytes.data(), bytes.size()) != static_cast<ssize_t>(bytes.size())) {
    wrong("write");
  }
  std::atomic<int> at_work{3};
  const auto carry = [&at_work](int from, int to) {
    return [&at_work, from, to] {
      for (int i = 0; i < 300; ++i) {
        // The last ones would have nobody left to bring them bytes.
        const unsigned flags = at_work < 3 ? kNow : 0;
        anysplice::splice(from, nullptr, to, nullptr, 1 + below(9000), flags);
      }
      --at_work;
    };
  };
  together({carry(a.r, b.w), carry(b.r, a.w), carry(a.r, b.w), [&] {
              // A byte now and then for those who began to wait before.
              while (at_work > 0) {
                if (at_work < 3) {
                  anysplice::write(a.w, "!", 1);
                  anysplice::write(b.w, "!", 1);
                }
                usleep(500);
              }
            }});
  std::string found = drain(a.r) + drain(b.r);
  std::erase(found, '!');
  std::string expected(bytes);
  std::erase(expected, '!');
  const size_t first = (found + found).find(expected.substr(0, 16));
  if (first != std::string::npos) {
    std::rotate(found.begin(), found.begin() + static_cast<long>(first % found.size()),
                found.end());
  }
  same("round and round", found, expected);
}
