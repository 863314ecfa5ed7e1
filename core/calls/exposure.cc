#include "core/calls/exposure.h"

#include <errno.h>
#include <fcntl.h>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/calls/engine.h"
#include "core/fd/fd_table.h"
#include "core/fd/own_description.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/promotion.h"
#include "core/pipe/settle.h"
#include "core/pipe/sharers.h"
#include "core/pipe/sleepers.h"
#include "core/sys/critical_section.h"
#include "core/sys/sys.h"
#include "core/sys/vfork_child.h"

namespace anysplice {
namespace {

// Whether the engine has, or may come to have, bytes of the pipe behind a descriptor.
bool concerns_us(FdEntry entry) {
  return entry.is_pipe() || (entry.kind() == FdKind::kUnknown && held_bytes::any());
}

}  // namespace

void settle_rings(SettleReason reason) {
  CriticalSection section;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    Pipe* pipe = pipe_number(i);
    const PipeState state = pipe->state.load(std::memory_order_acquire);
    if (state != PipeState::kCandidate && state != PipeState::kRing) continue;
    if (pipe->lock.lock() == Locked::kNo) {
      settle_when_unlocked(pipe, reason);
      continue;
    }
    const PipeState now = pipe->state.load(std::memory_order_relaxed);
    if (now == PipeState::kCandidate || now == PipeState::kRing) settle_ring(pipe, reason);
    pipe->lock.unlock();
  }
}

void expose(int fd, SettleReason reason) {
  // Whoever gets it may set O_APPEND, as fdopen() does. (Not at each descriptor that is watched.)
  if (reason == SettleReason::kStdio || reason == SettleReason::kRights) {
    own_description::forget_all();
  }
  const KeepErrno keep;
  const FdEntry entry = fd_entry(fd);
  const bool given = reason == SettleReason::kRights || reason == SettleReason::kOpen;
  if (entry.ours()) {
    if (given) sharers::give(pipe_of(entry));
    CriticalSection section;
    keep_in_kernel(fd, entry, reason);
    pipe_of(entry)->exposed.store(true);
  }
  if (entry.no_pipe()) return;
  // Nothing is held yet: which pipe it is, and whether it is one, need not be asked. Should it come
  // to that, any pipe from outside may be this one.
  if (!engine_may_answer() && !held_bytes::any()) {
    // By another number it may come back to this process, too.
    if (!entry.ours() || given) exposed_pipes::note_may_be_shared();
    if (!engine_may_answer()) return;
  }
  PipeId id;
  if (!pipe_id(fd, &id)) return;
  exposed_pipes::mark(id);
  size_t bytes;
  if (!held_bytes::holds(id, &bytes)) return;
  CriticalSection section;
  PipeLock pipe(section, fd);
  pipe.exposed_by(reason);
  pipe.lock();  // letting go settles what is exposed
}

// `all`: whatever the child that becomes another program does to its descriptors first.
static void expose_for(SettleReason reason, bool all) {
  own_description::forget_all();
  exposed_pipes::note_may_be_shared();
  if (pipe_high() == 0 && !held_bytes::any()) return;
  if (all || vfork_child()) {
    for (uint32_t i = 0; i < pipe_high(); ++i) sharers::give(pipe_number(i));
  }
  const int kept = errno;
  settle_rings(reason);
  if (!engine_may_answer() && !held_bytes::any()) {
    for (uint32_t i = 0; i < pipe_high(); ++i) pipe_number(i)->exposed.store(true);
    return;
  }
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high || i < 3; ++i) {
    const int fd = static_cast<int>(i);
    if (!concerns_us(fd_entry(fd))) continue;
    const int flags = sys->fcntl(fd, F_GETFD, 0);
    if (flags < 0) continue;
    // A program that can only write sees too much room at worst.
    const bool writer = (sys->fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_WRONLY;
    if (!writer && (all || (flags & FD_CLOEXEC) == 0)) {
      expose(fd, reason);
    } else {
      settle_held_of(fd, reason);
    }
  }
  errno = kept;
}

void expose_all(SettleReason reason) { expose_for(reason, true); }

// Whether a program that this process becomes gets a read end of the pipe.
static bool read_end_survives(const Pipe* pipe) {
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high; ++i) {
    const int fd = static_cast<int>(i);
    const FdEntry entry = fd_entry(fd);
    if (entry.kind() != FdKind::kReadEnd || pipe_of(entry) != pipe) continue;
    const int flags = sys->fcntl(fd, F_GETFD, 0);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) return true;
  }
  return false;
}

void expose_inherited() {
  const KeepErrno keep;
  expose_for(SettleReason::kExec, false);
  if (vfork_child() || !engine_may_answer()) return;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    Pipe* const pipe = pipe_number(i);
    if (sharers::any(pipe) && !read_end_survives(pipe)) sharers::stop_reading(pipe);
  }
}

ANYSPLICE_AT_START void before_exit() {
  if (held_bytes::pipes_with_bytes.load() != 0) settle_held(SettleReason::kExit);
  sharers::stop_all();
}

void settle_held(SettleReason reason, Busy busy) {
  if (held_bytes::pipes_with_bytes.load() == 0) return;
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high || i < 3; ++i) {
    const int fd = static_cast<int>(i);
    if (!concerns_us(fd_entry(fd))) continue;
    PipeId id;
    if (busy == Busy::kSkip && pipe_id(fd, &id) && held_bytes::busy(id)) continue;
    settle_held_of(fd, reason);
  }
}

void keep_nothing(SettleReason reason) {
  expose_all(reason);
  forbid_rings(+1);
  sleepers::add_for_good();
}

}  // namespace anysplice
