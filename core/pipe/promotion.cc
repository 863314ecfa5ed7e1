#include "core/pipe/promotion.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "core/pipe/settle.h"
#include "core/pipe/sleepers.h"
#include "core/policy/mode.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/page.h"
#include "core/sys/supervisor.h"
#include "core/telemetry/counters.h"

namespace anysplice {
namespace {

std::atomic<int> reasons_against_rings;
std::atomic<bool> unseen_writers;
std::atomic<bool> kernel_refers;

}  // namespace

bool rings_wanted() {
  return reasons_against_rings.load(std::memory_order_seq_cst) == 0 && rings_allowed() &&
         (mode() == Mode::kEmulate || (mode() == Mode::kAuto && kernel_lacks_splice()));
}

bool take_in(Pipe* pipe) {
  bool any = false;
  for (;;) {
    const ssize_t there = kernel_pipe::bytes(pipe->fd[kRead]);
    if (there == 0) return any;
    if (there < 0) {  // who knows
      settle_ring(pipe, SettleReason::kUnseen);
      return false;
    }
    const Ring::Room room = pipe->ring.reserve(SIZE_MAX / 2);
    const ssize_t n =
        room.iov.iov_len == 0 ? -ENOMEM : kernel_pipe::read_now(pipe->fd[kRead], &room.iov, 1);
    pipe->ring.commit_written(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n <= 0) {
      settle_ring(pipe, SettleReason::kUnseen);
      return false;
    }
    any = true;
  }
}

void promote(Pipe* pipe) {
  pipe->state.store(PipeState::kRing, std::memory_order_seq_cst);
  const bool alone = pipe->in_kernel.load(std::memory_order_seq_cst) == 0 &&
                     pipe->descriptors[kRead] > 0 && pipe->descriptors[kWrite] > 0 &&
                     supervisor::lets_keep() && !sleepers::any_unlooked();
  const size_t slots = alone ? kernel_pipe::slots(pipe->fd[kRead]) : 0;
  const bool refers = alone && kernel_refers.load(std::memory_order_relaxed) &&
                      kernel_pipe::bytes(pipe->fd[kRead]) != 0;
  // Where a pipe that was resized cannot be asked for its size, no ring can be like it.
  const size_t granted = pipe->granted.load(std::memory_order_relaxed);
  const bool known = granted == 0 || granted == slots * kPage;
  if (!alone || refers || !known || !give_ring(pipe, slots)) {
    pipe->state.store(PipeState::kKernel, std::memory_order_seq_cst);
    return;
  }
  take_in(pipe);  // what was written before
  count(stats->rings);
}

void forbid_rings(int by) { reasons_against_rings.fetch_add(by, std::memory_order_seq_cst); }

void expect_references() {
  if (!kernel_refers.load(std::memory_order_relaxed)) {
    kernel_refers.store(true, std::memory_order_relaxed);
  }
}

void expect_unseen_writers() { unseen_writers.store(true, std::memory_order_relaxed); }
bool expects_unseen_writers() { return unseen_writers.load(std::memory_order_relaxed); }

}  // namespace anysplice
