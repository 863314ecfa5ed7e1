#include "core/pipe_lock.h"

#include <errno.h>
#include <fcntl.h>

#include <algorithm>
#include <functional>

#include "core/keep_errno.h"
#include "core/kernel_pipe.h"
#include "core/mode.h"
#include "core/section.h"
#include "core/settle.h"
#include "core/stats.h"
#include "core/sys.h"

namespace anysplice {
namespace {

std::atomic<int> reasons_against_rings;

// Rings are for processes in which every transfer is ours to make.
bool rings_wanted() {
  return reasons_against_rings.load(std::memory_order_seq_cst) == 0 && rings_allowed() &&
         mode() != Mode::kNative && !ask_kernel_first(Call::kSplice);
}

// Gives a candidate, whose lock is held, its ring; or decides that it stays with the kernel.
void promote(Pipe* pipe) {
  pipe->where.store(Where::kRing, std::memory_order_seq_cst);
  const bool alone = pipe->in_kernel.load(std::memory_order_seq_cst) == 0 &&
                     pipe->descriptors[kRead] > 0 && pipe->descriptors[kWrite] > 0;
  if (!alone || !give_ring(pipe, kernel_pipe::slots(pipe->fd[kRead]))) {
    pipe->where.store(Where::kKernel, std::memory_order_seq_cst);
    return;
  }
  // What was written before is the kernel's so far.
  while (kernel_pipe::bytes(pipe->fd[kRead]) > 0) {
    const Ring::Room room = pipe->ring.reserve(SIZE_MAX / 2);
    const ssize_t n =
        room.iov.iov_len == 0 ? -ENOMEM : kernel_pipe::read_now(pipe->fd[kRead], &room.iov, 1);
    pipe->ring.commit_written(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n <= 0) {
      settle_ring(pipe);
      return;
    }
  }
  count(stats->rings);
}

}  // namespace

void forbid_rings(int by) { reasons_against_rings.fetch_add(by, std::memory_order_seq_cst); }

bool pipe_id(int fd, PipeId* id) {
  struct stat st;
  if (sys->fstat(fd, &st) != 0) return false;
  const bool pipe = S_ISFIFO(st.st_mode);
  if (pipe) *id = {st.st_dev, st.st_ino};
  if (fd_entry(fd).kind() == FdKind::kUnknown) {
    set_fd_entry(
        fd, pipe ? FdEntry::of(FdKind::kPipe, arena::sleep_key(*id)) : FdEntry::of(FdKind::kOther));
  }
  return pipe;
}

uint32_t sleep_key_of(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (entry.kind() == FdKind::kPipe) return entry.pipe();
  return entry.ours() ? pipe_of(entry)->sleep_key.load(std::memory_order_relaxed) : arena::kAnyPipe;
}

void settle_held_of(int fd) {
  const KeepErrno keep;
  PipeId id;
  size_t bytes;
  if (!pipe_id(fd, &id) || !arena::holds(id, &bytes)) return;
  Section section;
  PipeLock pipe(fd);
  if (pipe.lock() == 0 && !pipe.is_ring()) pipe.settle();
}

void keep_in_kernel(int fd, FdEntry entry) {
  Pipe* pipe = pipe_of(entry);
  if (!lock_entry(fd, entry, pipe)) return;
  if (pipe->where.load(std::memory_order_relaxed) != Where::kKernel) settle_ring(pipe);
  pipe->lock.unlock();
}

// Finds out which lock it is.
int PipeLock::resolve() {
  entry_ = fd_entry(fd_);
  pipe_ = nullptr;
  held_ = nullptr;
  if (entry_.ours()) {
    Pipe* pipe = pipe_of(entry_);
    if (pipe->where.load(std::memory_order_acquire) == Where::kCandidate &&
        lock_entry(fd_, entry_, pipe)) {
      if (pipe->where.load(std::memory_order_relaxed) == Where::kCandidate) {
        if (want_ring_ && rings_wanted()) {
          promote(pipe);
        } else {
          settle_ring(pipe);
        }
      }
      pipe->lock.unlock();
    }
    if (pipe->where.load(std::memory_order_acquire) == Where::kRing) {
      pipe_ = pipe;
      return 0;
    }
  }
  if (!pipe_id(fd_, &id_)) return -EBADF;
  if (entry_.ours()) {
    pipe_of(entry_)->sleep_key.store(arena::sleep_key(id_), std::memory_order_relaxed);
  }
  held_ = arena::acquire(id_);
  return held_ != nullptr ? 0 : -ENOMEM;
}

// Takes the lock that resolve() found. False if it went stale: resolve again.
bool PipeLock::engage() {
  if (pipe_ != nullptr) {
    if (!lock_entry(fd_, entry_, pipe_)) return false;
    if (pipe_->where.load(std::memory_order_relaxed) != Where::kRing) {
      pipe_->lock.unlock();
      return false;
    }
  } else {
    if (!held_->lock.lock()) return false;
    held_->front.repair();
    had_bytes_ = !held_->front.empty();
  }
  locked_ = true;
  return true;
}

void PipeLock::disengage() {
  if (pipe_ != nullptr) {
    if (locked_) pipe_->lock.unlock();
  } else if (held_ != nullptr) {
    if (locked_) held_->lock.unlock();
    arena::release(held_);
  }
  locked_ = false;
  pipe_ = nullptr;
  held_ = nullptr;
}

int PipeLock::lock() {
  // Stale entries settle down at once; what does not is our own lock, met in a signal handler.
  for (int tries = 0; tries < 100; ++tries) {
    const int error = resolve();
    if (error != 0) return error;
    if (engage()) return 0;
    disengage();
  }
  return -EINTR;
}

int PipeLock::lock_both(PipeLock& a, PipeLock& b) {
  for (int tries = 0; tries < 100; ++tries) {
    int error = a.resolve();
    if (error == 0) error = b.resolve();
    if (error != 0) {
      a.disengage();
      b.disengage();
      return error;
    }
    const bool in_order = std::less<void*>()(a.lock_address(), b.lock_address());
    PipeLock& first = in_order ? a : b;
    PipeLock& second = in_order ? b : a;
    if (a.lock_address() == b.lock_address()) {
      a.disengage();
      b.disengage();
      return -EINVAL;  // two ends of one pipe
    }
    if (first.engage() && second.engage()) return 0;
    first.disengage();
    second.disengage();
  }
  return -EINTR;
}

void PipeLock::unlock() {
  if (locked_ && held_ != nullptr) {
    Ring& front = held_->front;
    if (!front.empty() && (arena::any_sleepers(arena::sleep_key(id_)) || arena::exposed(id_)))
      settle();
    if (!had_bytes_) count(stats->held_bytes, front.bytes());
    if (had_bytes_ != !front.empty()) arena::note_held(!had_bytes_);
  }
  disengage();
}

void PipeLock::settle() {
  if (!put_back(held_->front, fd_, entry_)) report_unsettled(fd_, held_->front.bytes());
}

void PipeLock::give_up() {
  if (is_ring()) {
    to_kernel();
  } else {
    settle();
  }
}

void PipeLock::to_kernel() {
  settle_ring(pipe_);
  unlock();
}

bool PipeLock::waits() {
  if (!bytes().empty()) return false;
  if (is_ring()) return pipe_->descriptors[kWrite] > 0;
  pollfd p{fd_, POLLIN, 0};
  return sys->poll(&p, 1, 0) == 0;
}

bool PipeLock::packets() const {
  if (entry_.ours()) return pipe_of(entry_)->packets.load(std::memory_order_relaxed);
  return (sys->fcntl(fd_, F_GETFL, 0) & O_DIRECT) != 0;
}

int PipeLock::fill(size_t want) {
  Ring& ring = bytes();
  if (is_ring()) {
    if (!ring.empty()) return 0;
    return pipe_->descriptors[kWrite] > 0 ? -EAGAIN : -ENODATA;
  }
  const bool packets = this->packets();
  while (ring.bytes() < want) {
    const size_t missing = std::max(want - ring.bytes(), packets ? kPage : 0);
    const Ring::Room room = ring.reserve(missing < 64 * kPage ? missing : 64 * kPage);
    if (room.iov.iov_len == 0) return ring.empty() ? -ENOMEM : 0;
    const ssize_t n = kernel_pipe::read_now(fd_, &room.iov, 1);
    ring.commit(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n > 0 && (packets || static_cast<size_t>(n) == room.iov.iov_len)) continue;
    if (!ring.empty()) return 0;
    return n == 0 ? -ENODATA : static_cast<int>(n);
  }
  return 0;
}

}  // namespace anysplice
