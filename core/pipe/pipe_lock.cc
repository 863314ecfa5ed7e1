#include "core/pipe/pipe_lock.h"

#include <errno.h>
#include <fcntl.h>

#include <functional>

#include "core/base/sync_point.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/promotion.h"
#include "core/pipe/settle.h"
#include "core/pipe/sharers.h"

namespace anysplice {
// Finds out which lock it is.
int PipeLock::resolve() {
  entry_ = own_fd_entry(fd_);
  pipe_ = nullptr;
  held_ = nullptr;
  if (entry_.ours()) {
    Pipe* pipe = pipe_of(entry_);
    if (pipe->state.load(std::memory_order_acquire) == PipeState::kCandidate &&
        lock_entry(fd_, entry_, pipe)) {
      if (pipe->state.load(std::memory_order_relaxed) == PipeState::kCandidate) {
        if (want_ring_ && rings_wanted()) {
          promote(pipe);
        } else {
          settle_ring(pipe, SettleReason::kWait);
        }
      }
      pipe->lock.unlock();
    }
    if (pipe->state.load(std::memory_order_acquire) == PipeState::kRing) {
      pipe_ = pipe;
      return 0;
    }
  }
  const bool unheld = only_write_ && !held_bytes::any();
  if (unheld && is_pipe_) return 0;
  if (id_.inode == 0) {
    replaced_ = fd_replaced.load();
    if (!pipe_id(fd_, &id_)) return -EBADF;
    // Both must be of one pipe: bytes go back by what the entry says.
    if (!(own_fd_entry(fd_) == entry_)) return -EAGAIN;
  }
  if (unheld) return 0;
  section_.block_signals();
  held_ = held_bytes::find(id_);
  return held_ != nullptr ? 0 : -ENOMEM;
}

// Takes the lock that resolve() found. 0, -EAGAIN if it went stale (resolve again), -EINTR if it is
// held by the code that this signal handler interrupted.
int PipeLock::engage() {
  sync_point();
  if (pipe_ != nullptr) {
    const Locked locked = pipe_->lock.lock();
    if (locked == Locked::kNo) return -EINTR;
    if (!(fd_entry(fd_) == entry_) ||
        pipe_->state.load(std::memory_order_relaxed) != PipeState::kRing) {
      pipe_->lock.unlock();
      return -EAGAIN;
    }
    if (locked == Locked::kAfterCrash) pipe_->ring.repair();
    if (expects_unseen_writers()) [[unlikely]] {
      section_.block_signals();
      take_in(pipe_);
      if (pipe_->state.load(std::memory_order_relaxed) != PipeState::kRing) {
        pipe_->lock.unlock();
        return -EAGAIN;
      }
    }
  } else if (held_ != nullptr) {
    section_.block_signals();
    if (!held_bytes::lock(held_)) return -EINTR;
    if (!(held_->id == id_)) {
      held_->lock.unlock();
      return -EAGAIN;
    }
    if (fd_replaced.load() != replaced_) {
      held_bytes::let_go(held_);
      return -EAGAIN;
    }
    had_bytes_ = !held_->front.empty();
  }
  locked_ = true;
  return 0;
}

// Between related processes, once both pipes are locked here: by their keys, which mean the same
// everywhere.
void PipeLock::enter_turn() {
  if (held_ != nullptr && seen_elsewhere()) turn_ = turns::enter(pipe_key(id_));
}

void PipeLock::exit_turn() {
  if (turn_ != 0) turns::exit(pipe_key(id_), turn_);
  turn_ = 0;
}

// Whether others than this process's threads may read or watch the pipe.
bool PipeLock::seen_elsewhere() const {
  if (exposed_pipes::marked(id_)) return true;
  if (!entry_.ours()) return exposed_pipes::may_be_shared();
  Pipe* const pipe = pipe_of(entry_);
  return pipe->exposed.load(std::memory_order_relaxed) || sharers::any(pipe);
}

void PipeLock::disengage() {
  exit_turn();
  if (pipe_ != nullptr) {
    if (locked_) pipe_->lock.unlock();
  } else if (held_ != nullptr) {
    locked_ ? held_bytes::let_go(held_) : held_bytes::leave(held_, id_);
  }
  locked_ = false;
  pipe_ = nullptr;
  held_ = nullptr;
  id_ = {0, 0};
}

int PipeLock::lock() {
  for (;;) {
    int error = resolve();
    if (error == 0) error = engage();
    if (error == 0) {
      enter_turn();
      return 0;
    }
    disengage();
    if (error != -EAGAIN) return error;
  }
}

int PipeLock::lock_for_write() {
  only_write_ = true;
  return lock();
}

void PipeLock::enter_turns(PipeLock& a, PipeLock& b) {
  const PipeKey keys[] = {pipe_key(a.id_), pipe_key(b.id_)};
  PipeLock& first = keys[0] < keys[1] ? a : b;
  PipeLock& second = keys[0] < keys[1] ? b : a;
  first.enter_turn();
  if (keys[0] != keys[1] || first.turn_ == 0) second.enter_turn();
}

int PipeLock::lock_both(PipeLock& a, PipeLock& b) {
  // Others may take a place away while we look, but not so often without a pause.
  constexpr int kMostInARow = 256;
  for (int same = 0;;) {
    int error = a.resolve();
    if (error == 0) error = b.resolve();
    if (error == 0 && a.lock_address() == b.lock_address()) {
      // The ends of one pipe; or a place that was given away since it was found. The one that is
      // left goes to and fro between the two.
      error = a.is_ring() || a.id_ == b.id_ ? -EINVAL : ++same < kMostInARow ? -EAGAIN : -ENOMEM;
    } else {
      same = 0;
    }
    const bool in_order = std::less<void*>()(a.lock_address(), b.lock_address());
    PipeLock& first = in_order ? a : b;
    PipeLock& second = in_order ? b : a;
    if (error == 0) error = first.engage();
    if (error == 0) error = second.engage();
    if (error == 0) {
      enter_turns(a, b);
      return 0;
    }
    a.disengage();
    b.disengage();
    if (error != -EAGAIN) return error;
  }
}

void PipeLock::give_back_and_unlock() {
  if (locked_) give_back();
  Pipe* const pipe = locked_ ? pipe_ : nullptr;
  disengage();
  // A handler may have come by between the last look and the unlocking.
  if (pipe != nullptr && pipe->bypassed.load(std::memory_order_seq_cst)) [[unlikely]] {
    if (lock() == 0) give_back_and_unlock();
  }
}

}  // namespace anysplice
