// Copies of bytes that others read, or wait for, meanwhile.
#include <atomic>

#include "schedule.h"
#include "traffic.h"

using namespace schedules;

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
