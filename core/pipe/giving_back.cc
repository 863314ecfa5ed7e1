// What a call that works on a pipe gives back to the kernel, and when (PipeLock).
#include <errno.h>
#include <fcntl.h>

#include "core/base/keep_errno.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/promotion.h"
#include "core/pipe/settle.h"
#include "core/pipe/sleepers.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/supervisor.h"
#include "core/telemetry/counters.h"

namespace anysplice {

void settle_held_of(int fd, SettleReason reason, Grow grow) {
  const KeepErrno keep;
  if (!holds_bytes(fd)) return;
  CriticalSection section;
  PipeLock pipe(section, fd);
  if (pipe.lock() == 0 && !pipe.is_ring()) pipe.settle(reason, grow);
}

void keep_in_kernel(int fd, FdEntry entry, SettleReason reason) {
  Pipe* pipe = pipe_of(entry);
  if (!lock_entry(fd, entry, pipe)) {
    if (fd_entry(fd) == entry) settle_when_unlocked(pipe, reason);
    return;
  }
  if (pipe->state.load(std::memory_order_relaxed) != PipeState::kKernel) settle_ring(pipe, reason);
  pipe->lock.unlock();
}

void PipeLock::give_back() {
  while (pipe_ != nullptr && pipe_->bypassed.load(std::memory_order_relaxed)) {
    section_.block_signals();
    pipe_->bypassed.store(false, std::memory_order_relaxed);
    const int reason = pipe_->seen_because.exchange(kNoReason, std::memory_order_relaxed);
    if (pipe_->state.load(std::memory_order_relaxed) != PipeState::kRing) continue;
    if (reason == kNoReason) {
      take_in(pipe_);
    } else {
      settle_ring(pipe_, static_cast<SettleReason>(reason));
    }
  }
  if (held_ == nullptr) return;
  const KeepErrno keep;
  Ring& front = held_->front;
  if (!had_bytes_ && !front.empty()) count(stats->held_bytes, front.bytes());
  // Whoever counts as a sleeper after this sees that bytes are held, and does not sleep.
  if (!front.empty()) {
    if (seen_elsewhere()) {
      settle(exposed_by_);
    } else if (sleepers::any(pipe_key(id_))) {
      settle(SettleReason::kSleeper);
    } else if (!supervisor::lets_keep()) {
      settle(SettleReason::kRaw);
    }
  }
  if (front.empty()) held_bytes::note_empty(held_);
}

void PipeLock::settle(SettleReason reason, Grow grow) {
  const size_t bytes = held_->front.bytes();
  if (put_back(held_->front, fd_, entry_, packets(), grow)) {
    if (bytes > 0) note_settled(fd_, reason, bytes);
  } else if (grow == Grow::kYes && !(held_->told_of == id_)) {
    held_->told_of = id_;
    report_unsettled(fd_, held_->front.bytes());
  }
}

size_t PipeLock::hold(const char* data, size_t length) {
  // Held bytes come before the kernel's: behind those there is no place for them.
  if (kernel_pipe::bytes(fd_) != 0) return 0;
  held_bytes::note_held(held_);
  return held_->front.append_copy(data, length);
}

void PipeLock::make_room() {
  if (held_ != nullptr && !held_->front.empty()) settle(SettleReason::kWrite, Grow::kNo);
}

bool PipeLock::give_up(SettleReason reason) {
  if (is_ring()) {
    to_kernel(reason);
    return true;
  }
  settle(reason);
  return held_->front.empty();
}

void PipeLock::to_kernel(SettleReason reason) {
  settle_ring(pipe_, reason);
  give_back_and_unlock();
}

}  // namespace anysplice
