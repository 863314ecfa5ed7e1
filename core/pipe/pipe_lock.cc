#include "core/pipe/pipe_lock.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "core/base/keep_errno.h"
#include "core/base/sync_point.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/settle.h"
#include "core/pipe/sharers.h"
#include "core/pipe/sleepers.h"
#include "core/policy/mode.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"

namespace anysplice {
namespace {

std::atomic<int> reasons_against_rings;
std::atomic<bool> unseen_writers;

// Rings are for processes in which every transfer is ours to make.
bool rings_wanted() {
  return reasons_against_rings.load(std::memory_order_seq_cst) == 0 && rings_allowed() &&
         (mode() == Mode::kEmulate || (mode() == Mode::kAuto && kernel_lacks_splice()));
}

// Takes bytes of the kernel's pipe in, behind those of a locked ring; or, if they do not fit,
// leaves all to the kernel. Whether there were any.
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

// Gives a candidate, whose lock is held, its ring; or decides that it stays with the kernel.
void promote(Pipe* pipe) {
  pipe->state.store(PipeState::kRing, std::memory_order_seq_cst);
  const bool alone = pipe->in_kernel.load(std::memory_order_seq_cst) == 0 &&
                     pipe->descriptors[kRead] > 0 && pipe->descriptors[kWrite] > 0;
  if (!alone || !give_ring(pipe, kernel_pipe::slots(pipe->fd[kRead]))) {
    pipe->state.store(PipeState::kKernel, std::memory_order_seq_cst);
    return;
  }
  take_in(pipe);  // what was written before
  count(stats->rings);
}

}  // namespace

void forbid_rings(int by) { reasons_against_rings.fetch_add(by, std::memory_order_seq_cst); }

void expect_unseen_writers() { unseen_writers.store(true, std::memory_order_relaxed); }

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

// Finds out which lock it is.
int PipeLock::resolve() {
  entry_ = own_fd_entry(fd_);
  pipe_ = nullptr;
  held_ = nullptr;
  if (entry_.ours()) {
    Pipe* pipe = pipe_of(entry_);
    if (pipe->state.load(std::memory_order_acquire) == PipeState::kCandidate &&
        lock_entry(fd_, entry_, pipe)) {
      section_.block_signals();
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
  if (id_.inode == 0) {
    replaced_ = fd_replaced.load();
    if (!pipe_id(fd_, &id_)) return -EBADF;
    // Both must be of one pipe: bytes go back by what the entry says.
    if (!(own_fd_entry(fd_) == entry_)) return -EAGAIN;
  }
  if (only_write_ && !held_bytes::any()) return 0;
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
    if (unseen_writers.load(std::memory_order_relaxed)) [[unlikely]] {
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
  return entry_.ours() ? sharers::any(pipe_of(entry_)) : exposed_pipes::may_be_shared();
}

void PipeLock::disengage() {
  exit_turn();
  if (pipe_ != nullptr) {
    if (locked_) pipe_->lock.unlock();
  } else if (held_ != nullptr) {
    if (locked_) held_bytes::let_go(held_);
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

void PipeLock::unlock() {
  if (locked_ && pipe_ != nullptr) {
    while (pipe_->bypassed.load(std::memory_order_relaxed)) {
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
  }
  if (locked_ && held_ != nullptr) {
    const KeepErrno keep;
    Ring& front = held_->front;
    if (!had_bytes_ && !front.empty()) {
      count(stats->held_bytes, front.bytes());
    }
    // Whoever counts as a sleeper after this sees that bytes are held, and does not sleep.
    if (!front.empty()) {
      if (seen_elsewhere()) {
        settle(exposed_by_);
      } else if (sleepers::any(pipe_key(id_))) {
        settle(SettleReason::kSleeper);
      }
    }
    if (front.empty()) held_bytes::note_empty(held_);
  }
  Pipe* const pipe = locked_ ? pipe_ : nullptr;
  disengage();
  // A handler may have come by between the last look and the unlocking.
  if (pipe != nullptr && pipe->bypassed.load(std::memory_order_seq_cst)) [[unlikely]] {
    if (lock() == 0) unlock();
  }
}

void PipeLock::settle(SettleReason reason, Grow grow) {
  const size_t bytes = held_->front.bytes();
  if (put_back(held_->front, fd_, entry_, packets(), grow)) {
    if (bytes > 0) note_settled(fd_, reason, bytes);
  } else if (grow == Grow::kYes && !held_->told) {
    held_->told = true;
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
  section_.block_signals();
  settle_ring(pipe_, reason);
  unlock();
}

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
      if (in_vain != nullptr) in_vain();
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
    const Ring::Room room = ring.reserve(missing < 64 * kPage ? missing : 64 * kPage);
    if (room.iov.iov_len == 0) return ring.empty() ? -ENOMEM : 0;
    const ssize_t n = kernel_pipe::read_now(fd_, &room.iov, 1);
    sync_point();
    ring.commit(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n > 0 && (packets || static_cast<size_t>(n) == room.iov.iov_len)) continue;
    if (!ring.empty()) return 0;
    return n == 0 ? -ENODATA : static_cast<int>(n);
  }
  return 0;
}

}  // namespace anysplice
