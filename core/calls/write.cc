// write and its kin on a pipe that the engine has bytes of.
#include <fcntl.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/calls/engine.h"
#include "core/calls/pipe_io.h"
#include "core/memory/iovec_room.h"
#include "core/memory/scratch.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/route.h"
#include "core/pipe/sharers.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"

namespace anysplice {
namespace {

// Copies `length` bytes of iov, from `at` on. Returns how many there are before a bad address, or
// -errno before all.
ssize_t gather(char* to, size_t length, const iovec* iov, size_t count, size_t at) {
  size_t done = 0;
  for (; done < length && count > 0; ++iov, --count) {
    const size_t skip = std::min(at, iov->iov_len);
    at -= skip;
    const size_t want = std::min(iov->iov_len - skip, length - done);
    if (want == 0) continue;
    const ssize_t n = copy_from_user(to + done, static_cast<char*>(iov->iov_base) + skip, want);
    if (n < 0 && done == 0) return n;
    done += static_cast<size_t>(std::max<ssize_t>(n, 0));
    if (n < static_cast<ssize_t>(want)) break;
  }
  return static_cast<ssize_t>(done);
}

// A write to a ring. What does not fit, or must wait, is for the kernel's pipe.
Outcome write_engine(int fd, const iovec* iov, size_t count, size_t total) {
  CriticalSection section;
  PipeLock pipe(section, fd);
  if (const int error = pipe.lock(); error == -EINTR) {
    // Interrupted in the middle of a call on this pipe: into the kernel's, for that call to take
    // in.
    pipe_of(fd_entry(fd))->bypassed.store(true, std::memory_order_seq_cst);
    return Outcome::ask_kernel();
  } else if (error != 0 || !pipe.is_ring()) {
    return Outcome::ask_kernel();
  }
  Ring& ring = pipe.bytes();
  const bool readers = pipe.pipe()->descriptors[kRead] > 0;
  const bool nonblock = pipe.pipe()->nonblock[kWrite];
  // What must go in whole (up to PIPE_BUF, pipe(7)) does: it never takes more than one slot.
  const size_t room = ring.room_for_write(total);
  if (readers && room == 0 && nonblock) return Outcome::of(-EAGAIN);
  const Scratch scratch;
  if (!readers || scratch.size() < kPage || (room < total && !nonblock)) {
    pipe.to_kernel(SettleReason::kWrite);
    return Outcome::ask_kernel();
  }
  // What fills up the last page goes first, and then whole pages.
  const size_t first = ring.would_merge(total) ? total % kPage : 0;
  size_t done = 0;
  while (done < room) {
    const size_t odd = done == 0 ? first : 0;
    const size_t part = std::min(room - done, odd + (scratch.size() - odd) / kPage * kPage);
    const ssize_t staged = gather(scratch.data(), part, iov, count, done);
    size_t whole = static_cast<size_t>(std::max<ssize_t>(staged, 0));
    // A bad address: the whole page of the pipe that would have held it is given up.
    if (whole < part) whole = whole < odd ? 0 : odd + (whole - odd) / kPage * kPage;
    const size_t put = whole > 0 ? ring.append_copy(scratch.data(), whole) : 0;
    done += put;
    if (put == part) continue;
    if (done > 0) break;
    if (staged == -EFAULT || (staged >= 0 && whole == 0)) return Outcome::of(-EFAULT);
    pipe.to_kernel(SettleReason::kMemory);  // for the copy, or for the ring
    return Outcome::ask_kernel();
  }
  return Outcome::of(static_cast<ssize_t>(done));
}

// The segments of iov from byte `done` on, as many as there is room for.
int rest_of(const iovec* iov, size_t count, size_t done, IovecRoom& room) {
  int described = 0;
  for (; count > 0 && described < room.most(); ++iov, --count) {
    if (done >= iov->iov_len) {
      done -= iov->iov_len;
      continue;
    }
    room.iov()[described++] = {static_cast<char*>(iov->iov_base) + done, iov->iov_len - done};
    done = 0;
  }
  return described;
}

// Whether writes to a kernel pipe take turns with whoever takes bytes out of it to put some back:
// a write that slept in the kernel would be woken in between, and come before them. Not where a
// write can be kept from waiting only by dividing it (POSIX).
bool takes_turns(int fd, FdEntry entry) {
  if (!turns::any_begun() || !kernel_pipe::opens_ends() || !turns::begun(pipe_key_of(fd))) {
    return false;
  }
  Pipe* const pipe = pipe_of(entry);
  PipeId id;
  return pipe->exposed.load(std::memory_order_relaxed) || sharers::any(pipe) ||
         (pipe_id(fd, &id) && exposed_pipes::marked(id));
}

// A write that sleeps only between its turns, when the pipe is full.
Outcome write_in_turns(int fd, const iovec* iov, size_t count, size_t total) {
  size_t done = 0;
  for (unsigned vain = 0;; ++vain) {
    ssize_t n;
    deferral::Came signals;
    {
      CriticalSection section;
      PipeLock pipe(section, fd);
      const int error = pipe.lock();
      // Another pipe may have the number by now.
      if (error != 0 || pipe.is_ring()) {
        if (done > 0) return Outcome::of(static_cast<ssize_t>(done));
        return error != 0 ? Outcome::ask_kernel() : Outcome::look_again();
      }
      // With bytes held the kernel's pipe seems to have more room than there is.
      if (!pipe.bytes().empty()) pipe.settle(SettleReason::kWrite, Grow::kNo);
      // The first time whole: up to PIPE_BUF bytes are not to be divided (pipe(7)).
      IovecRoom room(done > 0 ? count : 0);
      n = done == 0 ? kernel_pipe::write_now(fd, iov, static_cast<int>(count))
                    : kernel_pipe::write_now(fd, room.iov(), rest_of(iov, count, done, room));
      const bool all = n > 0 && done + static_cast<size_t>(n) == total;
      signals = all ? deferral::Came::kNone : section.came_before_wait();
    }
    if (n > 0) {
      done += static_cast<size_t>(n);
      vain = 0;
    }
    if (done == total) return Outcome::of(static_cast<ssize_t>(done));
    int error = n < 0 ? static_cast<int>(n) : -EAGAIN;
    if (error == -EAGAIN && done == 0) {
      const bool interrupted = signals == deferral::Came::kInterrupts;
      error = interrupted ? -EINTR : kernel_pipe::wait_writable(fd, true, vain);
    } else if (error == -EAGAIN && signals == deferral::Came::kNone) {
      // Once something was written a handler ends the call, SA_RESTART or not.
      const bool waits = (sys->fcntl(fd, F_GETFL, 0) & O_NONBLOCK) == 0;
      if (waits) error = kernel_pipe::wait_writable(fd, false, vain);
    }
    if (error != 0) return Outcome::of(done > 0 ? static_cast<ssize_t>(done) : error);
  }
}

template <typename Native>
ssize_t write_by(int fd, const iovec* iov, int count, Native native) {
  const int kept = errno;
  for (;;) {
    const FdEntry entry = fd_entry(fd);
    if (entry.kind() != FdKind::kWriteEnd) return native();
    const Route where = route(entry);
    if (where == Route::kCandidate) {
      const InKernel counted(entry);
      if (counted.safe()) return native();
    }
    const bool in_kernel = where == Route::kHeld || where == Route::kKernel;
    const bool in_turns = in_kernel && takes_turns(fd, entry);
    if (in_kernel && !in_turns) {
      // With bytes held the kernel's pipe seems to have more room than there is.
      if (where == Route::kHeld) settle_held_of(fd, SettleReason::kWrite, Grow::kNo);
      return native();
    }
    const Outcome outcome = by_engine(fd, iov, count, in_turns ? write_in_turns : write_engine);
    if (outcome.next == Outcome::Next::kReturn) return answer(outcome.result, kept);
    errno = kept;
    if (outcome.next == Outcome::Next::kAskKernel) return native();
  }
}

// Out of line, so that the calls that pass need no stack.
[[gnu::noinline]] ssize_t write_slowly(int fd, const void* buf, size_t size) {
  const iovec iov = segment(const_cast<void*>(buf), size);
  return write_by(fd, &iov, 1, [&] { return sys->write(fd, buf, size); });
}

}  // namespace

ssize_t write(int fd, const void* buf, size_t size) {
  if (writes_pass(fd)) [[likely]]
    return sys->write(fd, buf, size);
  return write_slowly(fd, buf, size);
}

ssize_t writev(int fd, const iovec* iov, int count) {
  if (writes_pass(fd)) [[likely]]
    return sys->writev(fd, iov, count);
  return write_by(fd, iov, count, [&] { return sys->writev(fd, iov, count); });
}

#ifdef ANYSPLICE_HOST_PWRITEV2
ssize_t pwritev2(int fd, const iovec* iov, int count, int64_t offset, int flags) {
  const auto native = [&] { return sys->pwritev2(fd, iov, count, offset, flags); };
  if (offset != -1) return native();
  if (flags != 0) expose(fd, SettleReason::kFlags);
  return write_by(fd, iov, count, native);
}
#endif

}  // namespace anysplice
