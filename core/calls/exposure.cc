// The moments at which pipes become visible to somebody who does not go through the engine.
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/base/keep_errno.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "core/calls/observation.h"
#include "core/fd/fd_table.h"
#include "core/fd/vfork_child.h"
#include "core/inject/process.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/route.h"
#include "core/pipe/settle.h"
#include "core/sys/critical_section.h"
#include "core/sys/signal_actions.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"
#include "core/sys/transient_descriptor.h"

namespace anysplice {
namespace {

// Whether the engine has, or may come to have, bytes of the pipe behind a descriptor.
bool concerns_us(FdEntry entry) {
  return entry.is_pipe() || (entry.kind() == FdKind::kUnknown && arena::any_held());
}

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

}  // namespace

void note_vfork() {
  expose_all(SettleReason::kVfork);
  vfork_comes();
}

void expose(int fd, SettleReason reason) {
  const KeepErrno keep;
  const FdEntry entry = fd_entry(fd);
  if (entry.ours()) {
    CriticalSection section;
    keep_in_kernel(fd, entry, reason);
  }
  PipeId id;
  if (entry.no_pipe() || !pipe_id(fd, &id)) return;
  arena::mark_exposed(id);
  size_t bytes;
  if (!arena::holds(id, &bytes)) return;
  CriticalSection section;
  PipeLock pipe(section, fd);
  pipe.exposed_by(reason);
  pipe.lock();  // letting go settles what is exposed
}

// `all`: whatever the child that becomes another program does to its descriptors first.
static void expose_for(SettleReason reason, bool all) {
  arena::note_may_be_shared();
  if (pipe_high() == 0 && !arena::any_held()) return;
  const int kept = errno;
  settle_rings(reason);
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
void expose_inherited() { expose_for(SettleReason::kExec, false); }

void settle_held() {
  if (!arena::any_held()) return;
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high || i < 3; ++i) {
    const int fd = static_cast<int>(i);
    if (concerns_us(fd_entry(fd))) settle_held_of(fd, SettleReason::kExit);
  }
}

void keep_nothing(SettleReason reason) {
  expose_all(reason);
  forbid_rings(+1);
  if (arena::make()) arena::sleeper(arena::kAnyPipe, +1);
}

void on_descriptor_table_unshared() {
  // A child of vfork has numbers of its own already, and its parent's memory.
  if (vfork_child() || thread::others() == thread::Others::kNone) return;
  every_call_seen = false;
  keep_nothing(SettleReason::kUnshare);
}

ssize_t sendmsg(int fd, const msghdr* message, int flags) {
  const int kept = errno;
  const bool look_inside = pipe_high() > 0 || arena::any_held();
  if (look_inside && check_readable(message, sizeof(*message)) == 0 &&
      message->msg_control != nullptr &&
      check_readable(message->msg_control, message->msg_controllen) == 0) {
    const char* const end =
        static_cast<const char*>(message->msg_control) + message->msg_controllen;
    for (cmsghdr* c = CMSG_FIRSTHDR(message); c != nullptr;
         c = CMSG_NXTHDR(const_cast<msghdr*>(message), c)) {
      // One that says it is longer than all of them: the kernel refuses the call.
      if (c->cmsg_len > static_cast<size_t>(end - reinterpret_cast<const char*>(c))) break;
      if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
      for (size_t at = CMSG_LEN(0); at + sizeof(int) <= c->cmsg_len; at += sizeof(int)) {
        int sent;
        memcpy(&sent, reinterpret_cast<char*>(c) + at, sizeof(sent));
        expose(sent, SettleReason::kRights);
      }
    }
  }
  errno = kept;
  const ssize_t n = sys->sendmsg(fd, message, flags);
  // Nothing was known that could be exposed, but a pipe that is used later may have gone. (What was
  // sent can be read.)
  if (!look_inside && n >= 0 && message->msg_controllen > 0) arena::note_may_be_shared();
  return n;
}

void before_fork() {
  // Pipes that get a ring from here on would have one in each process.
  forbid_rings(+1);
  settle_rings(SettleReason::kFork);
  arena::make();
  arena::note_may_be_shared();
  inject::before_fork();
  begin_fork();  // the last: what settles pipes may open an end
}

void after_fork(bool child) {
  const int kept = errno;
  end_fork(child);
  if (child) {
    observe_as_new_process();
    inject::become_child();
    deferral::become_child();
    if constexpr (signal_actions::kThere) signal_actions::become_child();
    // Another thread may have had a pipe's lock, or been making a pipe; there is no such thread
    // here.
    for (uint32_t i = 0; i < pipe_high(); ++i) {
      Pipe* pipe = pipe_number(i);
      pipe->lock.init();
      const PipeState state = pipe->state.load();
      // What a ring has, that a handler interrupted work on, is its parent's to settle.
      if (state == PipeState::kRing) pipe->ring.consume(pipe->ring.bytes());
      if (state == PipeState::kRing || state == PipeState::kCandidate)
        pipe->state.store(PipeState::kKernel);
    }
    vfork_is_over();
  } else {
    settle_rings(SettleReason::kFork);
  }
  forbid_rings(-1);
  errno = kept;
}

pid_t fork() {
  before_fork();
  const pid_t pid = sys->fork();
  after_fork(pid == 0);
  return pid;
}

}  // namespace anysplice
