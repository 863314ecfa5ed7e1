#include "blocked.h"

#include <poll.h>
#include <sys/sendfile.h>

using namespace hazard;

namespace {

constexpr size_t kFull = 65536;
constexpr size_t kTaken = 8192;

}  // namespace

Blocked::Blocked(Call call) : kind_(call), file_(file_of("bytes")) {
  // A call that waits for nothing makes the pipe the engine's before it is the one that blocks.
  if (waits_for_room()) {
    // Whole pages, so that each fills a slot of the pipe.
    alignas(4096) static char bytes[kFull];
    pattern(kFull).copy(bytes, kFull);
    const iovec iov{bytes, kFull};
    CHECK_EQ(vmsplice(pipe_.w, &iov, 1, 0), static_cast<ssize_t>(kFull));
    put(other_.w, "bytes");
  } else {
    const iovec iov{memory_, 1};
    CHECK_EQ(vmsplice(pipe_.w, &iov, 1, 0), 1);
    CHECK_EQ(take(pipe_.r, 1), "v");
  }
}

ssize_t Blocked::call() {
  const iovec iov{memory_, sizeof(memory_)};
  off_t start = 0;
  switch (kind_) {
    case Call::kSpliceFromEmpty:
      return splice(pipe_.r, nullptr, file_, nullptr, 100, 0);
    case Call::kSpliceBetween:
      return splice(pipe_.r, nullptr, other_.w, nullptr, 100, 0);
    case Call::kSpliceIntoFull:
      return splice(file_, &start, pipe_.w, nullptr, 5, 0);
    case Call::kTee:
      return tee(pipe_.r, other_.w, 100, 0);
    case Call::kTeeIntoFull:
      return tee(other_.r, pipe_.w, 100, 0);
    case Call::kVmspliceInto:
      return vmsplice(pipe_.w, &iov, 1, 0);
    case Call::kVmspliceFrom:
      return vmsplice(pipe_.r, &iov, 1, 0);
    case Call::kSendfile:
      return sendfile(pipe_.w, file_, &start, 5);
  }
  return -1;
}

void Blocked::unblock() {
  if (waits_for_room()) {
    static char sink[kTaken];
    for (size_t done = 0; done < kTaken;) {
      const ssize_t n = read(pipe_.r, sink, kTaken - done);
      CHECK(n > 0);
      done += static_cast<size_t>(n);
    }
  } else {
    CHECK_EQ(write(pipe_.w, "bytes", 5), 5);
  }
}

void Blocked::check() {
  if (waits_for_room()) {
    CHECK_EQ(take(pipe_.r, kFull - kTaken), pattern(kFull).substr(kTaken));
    if (kind_ == Call::kVmspliceInto) {
      CHECK_EQ(take(pipe_.r, 8), std::string("vmsplic\0", 8));
    } else {
      CHECK_EQ(take(pipe_.r, 5), "bytes");
    }
  } else if (kind_ == Call::kTee) {
    CHECK_EQ(take(pipe_.r, 5), "bytes");
  }
  CHECK_EQ(ready(pipe_.r, POLLIN), 0);
  put(pipe_.w, "again");
  CHECK_EQ(tee(pipe_.r, other_.w, 5, 0), 5);
  CHECK_EQ(take(pipe_.r, 5), "again");
}
