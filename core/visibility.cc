// The moments at which pipes become visible to somebody who does not go through the engine.
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "core/descriptors.h"
#include "core/engine.h"
#include "core/fd_table.h"
#include "core/fork.h"
#include "core/inject/process.h"
#include "core/keep_errno.h"
#include "core/momentary.h"
#include "core/observe.h"
#include "core/pipe_lock.h"
#include "core/route.h"
#include "core/section.h"
#include "core/settle.h"
#include "core/sys.h"
#include "core/sys/thread.h"
#include "core/user_memory.h"
#include "core/vfork.h"

namespace anysplice {
namespace {

// Whether the engine has, or may come to have, bytes of the pipe behind a descriptor.
bool concerns_us(FdEntry entry) {
  return entry.is_pipe() || (entry.kind() == FdKind::kUnknown && arena::any_held());
}

void settle_rings(Why why) {
  Section section;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    Pipe* pipe = pipe_number(i);
    const Where where = pipe->where.load(std::memory_order_acquire);
    if (where != Where::kCandidate && where != Where::kRing) continue;
    if (pipe->lock.lock() == Locked::kNo) {
      settle_when_unlocked(pipe, why);
      continue;
    }
    const Where now = pipe->where.load(std::memory_order_relaxed);
    if (now == Where::kCandidate || now == Where::kRing) settle_ring(pipe, why);
    pipe->lock.unlock();
  }
}

}  // namespace

void note_vfork() {
  expose_all(Why::kVfork);
  vfork_comes();
}

void expose(int fd, Why why) {
  const KeepErrno keep;
  const FdEntry entry = fd_entry(fd);
  if (entry.ours()) {
    Section section;
    keep_in_kernel(fd, entry, why);
  }
  PipeId id;
  if (entry.no_pipe() || !pipe_id(fd, &id)) return;
  arena::mark_exposed(id);
  size_t bytes;
  if (!arena::holds(id, &bytes)) return;
  Section section;
  PipeLock pipe(section, fd);
  pipe.exposed_by(why);
  pipe.lock();  // letting go settles what is exposed
}

// `all`: whatever the child that becomes another program does to its descriptors first.
static void expose_for(Why why, bool all) {
  arena::note_company();
  if (pipe_high() == 0 && !arena::any_held()) return;
  const int kept = errno;
  settle_rings(why);
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high || i < 3; ++i) {
    const int fd = static_cast<int>(i);
    if (!concerns_us(fd_entry(fd))) continue;
    const int flags = sys->fcntl(fd, F_GETFD, 0);
    if (flags < 0) continue;
    // A program that can only write sees too much room at worst.
    const bool writer = (sys->fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_WRONLY;
    if (!writer && (all || (flags & FD_CLOEXEC) == 0)) {
      expose(fd, why);
    } else {
      settle_held_of(fd, why);
    }
  }
  errno = kept;
}

void expose_all(Why why) { expose_for(why, true); }
void expose_inherited() { expose_for(Why::kExec, false); }

void settle_held() {
  if (!arena::any_held()) return;
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned i = 0; i < high || i < 3; ++i) {
    const int fd = static_cast<int>(i);
    if (concerns_us(fd_entry(fd))) settle_held_of(fd, Why::kExit);
  }
}

void keep_nothing(Why why) {
  expose_all(why);
  forbid_rings(+1);
  if (arena::make()) arena::sleeper(arena::kAnyPipe, +1);
}

void numbers_part() {
  // A child of vfork has numbers of its own already, and its parent's memory.
  if (vfork_child() || thread::others() == thread::Others::kNone) return;
  every_call_seen = false;
  keep_nothing(Why::kUnshare);
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
        expose(sent, Why::kRights);
      }
    }
  }
  errno = kept;
  const ssize_t n = sys->sendmsg(fd, message, flags);
  // Nothing was known that could be exposed, but a pipe that is used later may have gone. (What was
  // sent can be read.)
  if (!look_inside && n >= 0 && message->msg_controllen > 0) arena::note_company();
  return n;
}

void before_fork() {
  // Pipes that get a ring from here on would have one in each process.
  forbid_rings(+1);
  settle_rings(Why::kFork);
  arena::make();
  arena::note_company();
  inject::before_fork();
  begin_fork();  // the last: what settles pipes may open an end
}

void after_fork(bool child) {
  const int kept = errno;
  end_fork(child);
  if (child) {
    observe_as_new_process();
    inject::become_child();
    // Another thread may have had a pipe's lock, or been making a pipe; there is no such thread
    // here.
    for (uint32_t i = 0; i < pipe_high(); ++i) {
      Pipe* pipe = pipe_number(i);
      pipe->lock.init();
      const Where where = pipe->where.load();
      // What a ring has, that a handler interrupted work on, is its parent's to settle.
      if (where == Where::kRing) pipe->ring.consume(pipe->ring.bytes());
      if (where == Where::kRing || where == Where::kCandidate) pipe->where.store(Where::kKernel);
    }
    vfork_is_over();
  } else {
    settle_rings(Why::kFork);
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
