// Putting bytes in front of what is in a pipe, while a stranger may write to it.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/sync_point.h"
#include "core/memory/iovec_room.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/settle.h"
#include "core/pipe/take_all.h"
#include "core/pipe/turns.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "core/sys/transient_descriptor.h"
#include "core/telemetry/counters.h"

namespace anysplice {

namespace {

// Attempts to put bytes back, the first of them without a marker. Each fails only if a writer gets
// in within about a microsecond.
constexpr int kTries = 1024;
constexpr int kPlainTries = 32;
// Fewer bytes than that a stranger may well write too, a line of a log for instance. Which of two
// equal stretches is ours could not be told: they get the marker at once, if the pipe came from
// outside. (Related processes' writes wait for their turn, write.cc.) A pipe in which there is no
// room for the marker needs none: it is so full that our write tells by its length what came before
// it (find_written).
constexpr size_t kCommon = 4096;
// What a pipe can be made without privilege (pipe-max-size, pipe(7)).
constexpr size_t kUnprivilegedSize = 1 << 20;

// Both ends of one pipe: our own descriptors where there are, else fresh ones.
class Ends {
 public:
  Ends(int fd, FdEntry entry, bool packets) {
    if (entry.ours()) {
      for (End end : {kRead, kWrite}) fd_[end] = pipe_of(entry)->fd[end];
    } else {
      const int mode = sys->fcntl(fd, F_GETFL, 0) & O_ACCMODE;
      if (mode != O_WRONLY) fd_[kRead] = fd;
      if (mode != O_RDONLY) fd_[kWrite] = fd;
    }
    if (fd_[kRead] < 0 || fd_[kWrite] < 0) moment_.emplace();
    if (fd_[kRead] < 0) fd_[kRead] = opened_[kRead] = kernel_pipe::open_end(fd, O_RDONLY, false);
    if (fd_[kWrite] < 0)
      fd_[kWrite] = opened_[kWrite] = kernel_pipe::open_end(fd, O_WRONLY, packets);
  }
  ~Ends() {
    for (int fd : opened_) {
      if (fd >= 0) sys->close(fd);
    }
  }
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;

  // Whether both ends are there, and are ends of one pipe: a number may have been closed and given
  // to something else behind our back.
  bool both() const {
    struct stat read;
    struct stat write;
    return fd_[kRead] >= 0 && fd_[kWrite] >= 0 && sys->fstat(fd_[kRead], &read) == 0 &&
           sys->fstat(fd_[kWrite], &write) == 0 && S_ISFIFO(read.st_mode) &&
           read.st_dev == write.st_dev && read.st_ino == write.st_ino;
  }
  int read() const { return fd_[kRead]; }
  int write() const { return fd_[kWrite]; }

 private:
  int fd_[2] = {-1, -1};
  int opened_[2] = {-1, -1};
  std::optional<TransientDescriptor> moment_;
};

// Sixteen bytes that no stranger writes.
struct Marker {
  static constexpr size_t kSize = 16;
  uint64_t words[2];

  const char* bytes() const { return reinterpret_cast<const char*>(words); }
  Marker() {
    static std::atomic<uint64_t> counter;
    timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    words[0] = 0x9e3779b97f4a7c15u * (static_cast<uint64_t>(now.tv_nsec) + counter.fetch_add(1));
    words[1] = 0xc2b2ae3d27d4eb4fu * (reinterpret_cast<uint64_t>(this) ^ words[0]);
  }
};

// Writes the marker, if there is one, and all of the ring, consuming nothing. Returns what went in.
size_t write_all(const Ring& ring, const Marker* marker, int fd) {
  IovecRoom room(ring.used() + 1);
  iovec* const iov = room.iov();
  size_t bytes;
  size_t done = 0;
  if (marker != nullptr) {
    // With what can go by the same write: nothing may come between.
    const int count = ring.peek(ring.bytes(), iov + 1, &bytes, room.most() - 1);
    iov[0] = {const_cast<Marker*>(marker), Marker::kSize};
    const ssize_t n = kernel_pipe::write_now(fd, iov, count + 1);
    if (n < static_cast<ssize_t>(Marker::kSize + bytes)) return n > 0 ? static_cast<size_t>(n) : 0;
    done = bytes;
  }
  while (done < ring.bytes()) {
    const int count = ring.peek_at(done, ring.bytes() - done, iov, &bytes, room.most());
    const ssize_t n = kernel_pipe::write_now(fd, iov, count);
    if (n > 0) done += static_cast<size_t>(n);
    if (n < static_cast<ssize_t>(bytes)) break;
  }
  return done + (marker != nullptr ? Marker::kSize : 0);
}

// Writes each slot by a write of its own: a packet stays one (pipe(7)).
size_t write_packets(const Ring& ring, int fd) {
  size_t done = 0;
  while (done < ring.bytes()) {
    iovec packet;
    size_t bytes;
    ring.peek_at(done, ring.bytes() - done, &packet, &bytes, 1);
    packet.iov_len = std::min(packet.iov_len, ring.slot_length(done));
    const ssize_t n = kernel_pipe::write_now(fd, &packet, 1);
    if (n > 0) done += static_cast<size_t>(n);
    if (n < static_cast<ssize_t>(packet.iov_len)) break;
  }
  return done;
}

// Where in the ring, from `from` on, the first `written` bytes of marker and ring stand; SIZE_MAX
// if they do not. A write that came short filled the pipe: it is the last that was written.
size_t find_written(const Ring& ring, size_t from, size_t written, bool came_short,
                    const Marker* marker) {
  const size_t prefix = marker != nullptr ? std::min(written, Marker::kSize) : 0;
  for (size_t i = 0; from + i + written <= ring.bytes(); ++i) {
    const size_t at = came_short ? ring.bytes() - written - i : from + i;
    if ((prefix == 0 || ring.has(at, marker, prefix)) &&
        ring.equal(0, at + prefix, written - prefix)) {
      return at;
    }
  }
  return SIZE_MAX;
}

// The marker and the first of the ring's `ours` bytes, `written` in all, went into the kernel's
// pipe (and are there, or already taken out again behind ours), with a stranger's before or behind
// them. Takes them out; afterwards the ring has its bytes, then the stranger's.
void reconcile(Ring& ring, size_t ours, size_t written, bool came_short, const Marker* marker,
               int fd) {
  // What the stranger goes on writing stays where it is, once ours are found.
  for (bool more = true; more;) {
    const size_t before = ring.bytes();
    take_all(ring, fd);
    more = ring.bytes() > before;
    if (const size_t at = find_written(ring, ours, written, came_short, marker); at != SIZE_MAX) {
      ring.erase(at, written);
      return;
    }
  }
  // A reader took the first of them meanwhile, or all: what is left comes first in the pipe.
  const size_t prefix = marker != nullptr ? std::min(written, Marker::kSize) : 0;
  for (size_t taken = 0; taken <= written; ++taken) {
    const size_t left = written - taken;
    const size_t mark = prefix - std::min(taken, prefix);
    const size_t gone = taken - std::min(taken, prefix);
    if (ours + left > ring.bytes()) continue;
    if (mark > 0 && !ring.has(ours, marker->bytes() + (prefix - mark), mark)) continue;
    if (!ring.equal(gone, ours + mark, left - mark)) continue;
    ring.erase(ours, left);
    ring.consume(gone);
    return;
  }
}

// Makes an emptied pipe large enough for so many bytes, if it may, and no larger: a stranger that
// waits to write should go on waiting.
bool make_room(size_t bytes, Grow grow, int fd) {
  if (bytes <= kernel_pipe::slots(fd) * kPage) return true;
  return grow == Grow::kYes && kernel_pipe::enlarge(fd, bytes);
}

// Whether a marker can be written in front of all bytes without making the pipe larger.
bool room_for_marker(const Ring& ring, const Ends& ends) {
  const ssize_t there = kernel_pipe::bytes(ends.read());
  return there >= 0 && ring.bytes() + static_cast<size_t>(there) + Marker::kSize <=
                           kernel_pipe::slots(ends.write()) * kPage;
}

enum class Try { kDone, kAgain, kFailed };

// One attempt. Without a marker it succeeds if nobody wrote since our read; with one, if nobody
// wrote between our read and our write, which is all that matters, but a reader that is a stranger
// too might see the marker.
Try try_once(Ring& ring, const Marker* marker, bool packets, Grow grow, const Ends& ends) {
  const int read_end = ends.read();
  const int write_end = ends.write();
  const size_t held = ring.bytes();
  if (!(packets ? take_packets : take_all)(ring, read_end)) return Try::kFailed;
  const size_t ours = ring.bytes();
  const size_t whole = ours + (marker != nullptr ? Marker::kSize : 0);
  // A packet has a buffer of its own.
  if (!make_room(packets ? ring.used() * kPage : whole, grow, write_end)) return Try::kFailed;
  // Should a stranger get in between, all that is in the pipe must be taken out again.
  if (ring.free() < kernel_pipe::slots(write_end) + kSpareSlots) return Try::kFailed;
  // A writer that our read woke has written already: no need to find out what is whose.
  if (marker == nullptr && kernel_pipe::bytes(write_end) > 0) return Try::kAgain;
  sync_point();
  const size_t written =
      packets ? write_packets(ring, write_end) : write_all(ring, marker, write_end);
  sync_point();
  bool good = written == whole;
  if (good && marker == nullptr) {
    good = kernel_pipe::bytes(write_end) <= static_cast<ssize_t>(written);
  } else if (good) {
    const Ring::Room room = ring.reserve(Marker::kSize);
    const ssize_t n = kernel_pipe::read_now(read_end, &room.iov, 1);
    good = n == static_cast<ssize_t>(Marker::kSize) &&
           memcmp(room.iov.iov_base, marker, Marker::kSize) == 0;
    // A stranger's bytes, newer than ours.
    ring.commit(room, !good && n > 0 ? static_cast<size_t>(n) : 0);
  }
  if (good) {
    ring.consume(ours);
    count(stats->settles);
    count(stats->settled_bytes, held);
    return Try::kDone;
  }
  reconcile(ring, ours, written, written < whole, marker, read_end);
  return Try::kAgain;
}

}  // namespace

bool put_back(Ring& ring, int fd, FdEntry entry, bool packets, Grow grow) {
  if (ring.empty()) return true;
  const Ends ends(fd, entry, packets);
  if (!ends.both()) return false;
  // More than the pipe can be: taking still more out of it would only make that worse.
  const ssize_t there = kernel_pipe::bytes(ends.read());
  const size_t size = kernel_pipe::slots(ends.write()) * kPage;
  const size_t most = grow == Grow::kYes ? std::max(size, kUnprivilegedSize) : size;
  if (ring.bytes() + static_cast<size_t>(std::max<ssize_t>(there, 0)) > most) return false;
  bool common = !entry.ours() && ring.bytes() < kCommon;
  // A reader that was not waited for any longer would get the marker too.
  if (common) {
    const PipeKey key = pipe_key_of(fd);
    common = !turns::readers_here(key).any() &&
             !(turns::shared() && turns::readers_elsewhere(key).any());
  }
  for (int tries = 0; tries < kTries; ++tries) {
    const Marker marker;
    const bool marked =
        !packets && (tries >= kPlainTries || (common && room_for_marker(ring, ends)));
    switch (try_once(ring, marked ? &marker : nullptr, packets, grow, ends)) {
      case Try::kDone:
        return true;
      case Try::kFailed:
        return false;
      case Try::kAgain:
        break;
    }
  }
  return false;
}

}  // namespace anysplice
