// Descriptors that are given another meaning while other threads transfer by them.

#include <algorithm>
#include <atomic>
#include <mutex>

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
