// Bytes from the kernel's pipe to a locked one: PipeLock::fill and what it asks first.
#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "core/base/sync_point.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/promotion.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"

namespace anysplice {

bool PipeLock::waits() {
  if (!bytes().empty()) return false;
  if (is_ring()) return pipe_->descriptors[kWrite] > 0 && !take_in(pipe_);
  return kernel_pipe::readable(fd_) == -EAGAIN;
}

bool PipeLock::packets() const {
  if (entry_.ours()) return pipe_of(entry_)->packets.load(std::memory_order_relaxed);
  const int flags = sys->fcntl(fd_, F_GETFL, 0);
  return flags >= 0 && (flags & host::kPackets) != 0;
}

// Whoever is in a read of its own has been woken for the bytes that are there, and is about to take
// them. False if they still sleep, for the pipe is empty: then what comes next is theirs. From now
// on reads take turns with us, if there may be others.
bool PipeLock::wait_for_readers_in_flight() {
  const PipeKey key = pipe_key(id_);
  const bool elsewhere = turns::shared() && seen_elsewhere();
  if (elsewhere || thread::others() != thread::Others::kNone) turns::begin(key);
  sync_point();
  if (entry_.ours() && !await(pipe_of(entry_)->readers_in_flight())) return false;
  if (!await(turns::readers_here(key))) return false;
  return !elsewhere || await(turns::readers_elsewhere(key), turns::waited_in_vain);
}

// False if the pipe is empty, so that they sleep on.
bool PipeLock::await(ReadersInFlight readers, void (*in_vain)()) {
  constexpr int kPatienceMs = 500;
  for (int waited = 0; !readers.none(); ++waited) {
    if (kernel_pipe::bytes(fd_) <= 0) return false;
    if (waited == kPatienceMs) {
      readers.give_up();
      // What others count may go up for ever.
      if (in_vain != nullptr) return in_vain(), true;
    }
    sys->poll(nullptr, 0, 1);
  }
  return true;
}

int PipeLock::fill(size_t want) {
  Ring& ring = bytes();
  if (is_ring()) {
    // Before a ring is called empty: something may have come past it (an inline system call).
    if (!ring.empty() || take_in(pipe_)) return 0;
    return pipe_->descriptors[kWrite] > 0 ? -EAGAIN : -ENODATA;
  }
  held_bytes::note_held(held_);
  if (!wait_for_readers_in_flight()) {
    if (!ring.empty()) return 0;
    return kernel_pipe::readable(fd_) == -ENODATA ? -ENODATA : -EAGAIN;
  }
  const bool packets = this->packets();
  while (ring.bytes() < want) {
    const size_t missing = std::max(want - ring.bytes(), packets ? kPage : 0);
    // Bytes that came one by one fill whole pages, as they did in the kernel: a message has so
    // many.
    iovec rest = packets ? iovec{nullptr, 0} : ring.rest_of_last();
    rest.iov_len = std::min(rest.iov_len, missing);
    const Ring::Room room = ring.reserve(std::min(missing - rest.iov_len, 64 * kPage));
    const iovec iov[] = {rest, room.iov};
    const size_t length = rest.iov_len + room.iov.iov_len;
    if (length == 0) return ring.empty() ? -ENOMEM : 0;
    const ssize_t n = kernel_pipe::read_now(fd_, rest.iov_len > 0 ? iov : iov + 1,
                                            rest.iov_len > 0 && room.iov.iov_len > 0 ? 2 : 1);
    sync_point();
    const size_t came = n > 0 ? static_cast<size_t>(n) : 0;
    const size_t behind = std::min(came, rest.iov_len);
    if (behind > 0) ring.extend_last(behind);
    if (packets) {
      ring.commit(room, came);
    } else {
      ring.commit_written(room, came - behind);
    }
    if (n > 0 && (packets || came == length)) continue;
    if (!ring.empty()) return 0;
    return n == 0 ? -ENODATA : static_cast<int>(n);
  }
  return 0;
}

}  // namespace anysplice
