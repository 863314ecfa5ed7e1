// Descriptors made, copied and closed, and what is set on them.
#include "core/calls/descriptors.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/base/sync_point.h"
#include "core/calls/engine.h"
#include "core/inject/inject.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/settle.h"
#include "core/pipe/sharers.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"
#include "core/sys/vfork_child.h"

namespace anysplice {

int note_copy(int from, int to) {
  if (to < 0 || vfork_child()) return to;
  const KeepErrno keep;
  const FdEntry entry = fd_entry(from);
  if (!entry.ours()) {
    set_fd_entry(to, entry);  // also over what was learned of the number while it was replaced
    return to;
  }
  CriticalSection section;
  Pipe* pipe = pipe_of(entry);
  if (!lock_entry(from, entry, pipe)) return to;
  ++pipe->descriptors[end_of(entry)];
  // Standard descriptors have stdio behind them.
  if (to <= 2 && pipe->state.load(std::memory_order_relaxed) != PipeState::kKernel) {
    settle_ring(pipe, SettleReason::kStandard);
  }
  set_fd_entry(to, entry);
  pipe->lock.unlock();
  return to;
}

namespace {

// Another number of the same end, after `gone` was one.
int other_number(FdEntry entry, int gone) {
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned fd = 0; fd < high; ++fd) {
    if (static_cast<int>(fd) != gone && fd_entry(static_cast<int>(fd)) == entry) {
      return static_cast<int>(fd);
    }
  }
  return -1;
}

// An end of a pipe of ours is about to lose one of its numbers.
void forget_end(int fd, FdEntry entry) {
  CriticalSection section;
  Pipe* pipe = pipe_of(entry);
  if (!lock_entry(fd, entry, pipe)) return;
  const End end = end_of(entry);
  const bool last = --pipe->descriptors[end] == 0;
  if (last && pipe->state.load(std::memory_order_relaxed) == PipeState::kRing) {
    // Without writers the bytes must be where they can still be read when nobody could put them
    // back any more. Without readers they are still to be counted, and to be had by way of /proc.
    if (end == kRead || !pipe->ring.empty()) settle_ring(pipe, SettleReason::kClose);
  }
  if (last) {
    if (end == kRead) sharers::stop_reading(pipe);
    pipe->fd[end] = -1;
  } else if (pipe->fd[end] == fd) {
    pipe->fd[end] = other_number(entry, fd);
  }
  set_fd_entry(fd, {});
  if (pipe->descriptors[kRead] + pipe->descriptors[kWrite] > 0) {
    pipe->lock.unlock();
    return;
  }
  if (pipe->state.load(std::memory_order_relaxed) == PipeState::kRing)
    settle_ring(pipe, SettleReason::kClose);
  retire_pipe(pipe);
}

// A reader goes: bytes held for it go back to the kernel, which knows whether there are others. So
// they do if a writer goes, where later there might be no way to.
void give_held_back(int fd) {
  const int flags = sys->fcntl(fd, F_GETFL, 0);
  if (flags < 0) return;
  if ((flags & O_ACCMODE) != O_WRONLY || !kernel_pipe::opens_ends()) {
    settle_held_of(fd, SettleReason::kClose);
  }
}

// Whether another thread may be using an open number.
bool shared_number(int fd) {
  return thread::others() != thread::Others::kNone && !vfork_child() &&
         sys->fcntl(fd, F_GETFD, 0) >= 0;
}

// Around the call that makes a number name something else: no thread is at work on the pipe that it
// has named, and who has looked at it looks again. Else it would take bytes of the new pipe for the
// old one's.
class Replacement {
 public:
  explicit Replacement(int fd) {
    const KeepErrno keep;
    struct stat st;
    if (!shared_number(fd) || sys->fstat(fd, &st) != 0 || !S_ISFIFO(st.st_mode)) return;
    section_.emplace();
    held_ = held_bytes::find_and_lock({static_cast<uint64_t>(st.st_dev), st.st_ino});
  }
  ~Replacement() {
    if (section_) fd_replaced.fetch_add(1);
    if (held_ != nullptr) held_bytes::let_go(held_);
  }
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;

 private:
  std::optional<CriticalSection> section_;
  Held* held_ = nullptr;
};

// Makes `to` a second number for what `fd` names.
template <typename Native>
int replace(int fd, int to, Native native) {
  // A call that fails must not end what `to` is: its bytes are the kernel's first, or nothing is
  // done before.
  const bool plain =
      !fd_entry(to).ours() && !held_bytes::any() && thread::others() == thread::Others::kNone;
  if (!plain && sys->fcntl(fd, F_GETFD, 0) >= 0) {
    if (const FdEntry entry = fd_entry(to); entry.ours() && !vfork_child()) {
      const KeepErrno keep;
      CriticalSection section;
      keep_in_kernel(to, entry, SettleReason::kClose);
    }
    // Until it is written down that `to` names the pipe too, others take that for one from
    // elsewhere.
    if (const FdEntry entry = fd_entry(fd); entry.ours() && shared_number(to)) {
      const KeepErrno keep;
      CriticalSection section;
      keep_in_kernel(fd, entry, SettleReason::kStandard);
    }
    forget(to);
    sync_point();
    int copy;
    {
      const Replacement replacement(to);
      copy = native();
    }
    return note_copy(fd, copy);
  }
  const int copy = native();
  if (copy >= 0) forget(to);
  return note_copy(fd, copy);
}

#if defined(ANYSPLICE_HOST_CLOSE_RANGE) || defined(ANYSPLICE_HOST_CLOSEFROM)
void forget_range(unsigned first, unsigned last) {
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned fd = first; fd <= last && fd < high; ++fd) forget(static_cast<int>(fd));
}
#endif

}  // namespace

void forget(int fd) {
  number_changes::note(fd);
  const FdEntry entry = fd_entry(fd);
  if (entry.word == 0 && !held_bytes::any()) return;
  // A vfork child shares our memory but not our descriptors.
  if (vfork_child()) return;
  const KeepErrno keep;
  if (!entry.no_pipe() && held_bytes::any()) {
    give_held_back(fd);
  }
  if (entry.ours()) {
    forget_end(fd, entry);
  } else if (fd_entry(fd).word != 0) {
    set_fd_entry(fd, {});  // also what the look at it wrote just now
  }
}

// A pipe that was just made, or -1.
static int note_pipe(int made, const int fds[2], int flags) {
  if (made == 0 && inject::on()) inject::size_new_pipe(fds);
  if (made != 0 || vfork_child()) return made;
  const bool eligible =
      fds[0] > 2 && fds[1] > 2 && mode() != Mode::kNative && mode() != Mode::kAbsent;
  forget(fds[0]);  // numbers that were closed behind our back
  forget(fds[1]);
  if (eligible) enter_pipe(fds, (flags & O_NONBLOCK) != 0, (flags & host::kPackets) != 0);
  return 0;
}

int pipe(int fds[2]) { return note_pipe(sys->pipe(fds), fds, 0); }

#ifdef ANYSPLICE_HOST_PIPE2
int pipe2(int fds[2], int flags) { return note_pipe(sys->pipe2(fds, flags), fds, flags); }
#endif

int dup(int fd) { return note_copy(fd, sys->dup(fd)); }

int dup2(int fd, int to) {
  return fd == to ? sys->dup2(fd, to) : replace(fd, to, [&] { return sys->dup2(fd, to); });
}

#ifdef ANYSPLICE_HOST_DUP3
int dup3(int fd, int to, int flags) {
  const auto native = [&] { return sys->dup3(fd, to, flags); };
  return fd == to || (flags & ~O_CLOEXEC) != 0 ? native() : replace(fd, to, native);
}
#endif

int close(int fd) {
  forget(fd);
  sync_point();
  return sys->close(fd);
}

#ifdef ANYSPLICE_HOST_CLOSE_RANGE
int close_range(unsigned first, unsigned last, int flags) {
  if ((flags & host::kOwnNumbers) != 0) on_descriptor_table_unshared();
  if ((flags & host::kOnlyCloseOnExec) == 0 && first <= last) forget_range(first, last);
  return sys->close_range(first, last, flags);
}
#endif

#ifdef ANYSPLICE_HOST_CLOSEFROM
void closefrom(int first) {
  forget_range(static_cast<unsigned>(std::max(first, 0)), ~0u);
  sys->closefrom(first);
}
#endif

}  // namespace anysplice
