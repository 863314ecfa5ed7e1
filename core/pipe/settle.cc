#include "core/pipe/settle.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/sync_point.h"
#include "core/base/text.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"
#include "core/telemetry/trace.h"

namespace anysplice {
// The last resort for a ring's bytes: held in front of the kernel's pipe. The pipe is one whose
// ends are both here, or have been.
static void hold_instead(Pipe* pipe, int fd) {
  PipeId id;
  if (Held* const held = pipe_id(fd, &id) ? held_bytes::find_and_lock(id) : nullptr;
      held != nullptr) {
    held_bytes::note_held(held);
    held->front.move_from(pipe->ring, pipe->ring.bytes());
    if (held->front.empty()) held_bytes::note_empty(held);
    held_bytes::let_go(held);
  }
  if (!pipe->ring.empty()) report_unsettled(fd, pipe->ring.bytes());
  pipe->ring.consume(pipe->ring.bytes());
}

void note_settled(int fd, SettleReason reason, size_t bytes) {
  SettleCounters& counters = stats->settled[static_cast<size_t>(reason)];
  count(counters.times);
  count(counters.bytes, bytes);
  trace_settled(fd, reason, bytes);
}

// What is in the kernel's pipe nobody can look after.
static void reuse_ends(const Ring& ring) {
  const size_t bytes = ring.bytes();
  if (!ring.may_refer()) return;
  const reuse::Departure departure(ring, 0, bytes, reuse::Way::kSettled);
  departure.left(bytes);
  reuse::note_settled(reuse::watched_bytes(ring));
}

void settle_ring(Pipe* pipe, SettleReason reason) {
  const FdEntry entry = FdEntry::of(FdKind::kReadEnd, pipe->number);
  const bool had_ring = pipe->state.load(std::memory_order_relaxed) == PipeState::kRing;
  const int fd = pipe->fd[kRead] >= 0 ? pipe->fd[kRead] : pipe->fd[kWrite];
  if (had_ring) {
    note_settled(fd, reason, pipe->ring.bytes());
    if (!pipe->ring.empty()) {
      const CriticalSection section(Signals::kBlocked);
      if (reuse::on()) reuse_ends(pipe->ring);
      pipe->ring.become_bytes(copy_from_user);
      // Room to sort out what somebody writes past the ring meanwhile.
      const size_t slots = pipe->ring.used() + kernel_pipe::slots(fd) + 2 * kSpareSlots;
      resize_ring(pipe, std::bit_ceil(std::max<size_t>(slots, pipe->ring.capacity())));
      // Where nobody reads any more they may get lost: the other end was closed unseen.
      if (!put_back(pipe->ring, fd, entry, false, Grow::kYes) && pipe->descriptors[kRead] > 0) {
        hold_instead(pipe, fd);
      }
      pipe->ring.consume(pipe->ring.bytes());
    }
    release_ring(pipe);
  }
  sync_point();
  // Only now may others go to the kernel's pipe: all that came before is in it.
  pipe->state.store(PipeState::kKernel, std::memory_order_seq_cst);
}

void report_unsettled(int fd, size_t bytes) {
  const int kept = errno;
  char line[160] = "anysplice: ";
  append_number(line, bytes);
  append_text(line, " bytes could not be put back into the pipe of descriptor ");
  append_number(line, static_cast<size_t>(fd));
  append_text(line, "; see LIMITS in anysplice(7)\n");
  sys->write(2, line, strlen(line));
  errno = kept;
}

}  // namespace anysplice
