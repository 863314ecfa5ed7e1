// read and its kin on a pipe that the engine has bytes of.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/base/sync_point.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/pipe_io.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/readers_in_flight.h"
#include "core/pipe/route.h"
#include "core/pipe/sleepers.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"

namespace anysplice {
namespace {

// A packet pipe gives one packet a read, and drops what the read does not take of it (pipe(7)).
ssize_t copy_packet(Ring& ring, const iovec* iov, size_t count) {
  size_t done = 0;
  const iovec packet = ring.front();
  for (size_t i = 0; i < count && done < packet.iov_len; ++i) {
    const size_t n = std::min(iov[i].iov_len, packet.iov_len - done);
    const ssize_t copied =
        copy_to_user(iov[i].iov_base, static_cast<char*>(packet.iov_base) + done, n);
    if (copied != static_cast<ssize_t>(n)) return copied == -ENOSYS ? -ENOSYS : -EFAULT;
    done += n;
  }
  ring.consume(packet.iov_len);
  return static_cast<ssize_t>(done);
}

// Whether a number was closed, and given to something that is no pipe, behind our back.
bool forgotten(int fd) {
  struct stat st;
  if (sys->fstat(fd, &st) != 0 || S_ISFIFO(st.st_mode)) return false;
  forget(fd);
  return true;
}

// A read of a pipe with bytes in the engine, or of one whose readers take turns. Where the engine
// cannot answer it settles the pipe.
Outcome read_engine(int fd, const iovec* iov, size_t count, size_t want) {
  CriticalSection section;
  PipeLock pipe(section, fd);
  // A handler that interrupted a call on this very pipe cannot wait for it. Where the system does
  // not say which pipe it is, nobody may go past bytes that are perhaps held.
  if (const int error = pipe.lock(); error != 0) {
    if (error == -EBADF && forgotten(fd)) return Outcome::look_again();
    return error == -ENOMEM ? Outcome::ask_kernel() : Outcome::of(error);
  }
  if (pipe.bytes().empty()) {
    if (!pipe.is_ring()) {
      if (!turns::begun(pipe_key_of(fd))) return Outcome::look_again();
      const ssize_t n = kernel_pipe::read_now(fd, iov, static_cast<int>(count));
      if (n != -EAGAIN) return Outcome::of(n);
      // A handler that is to run now has interrupted this read.
      return section.came_before_wait() == deferral::Came::kInterrupts ? Outcome::of(-EINTR)
                                                                       : Outcome::wait();
    }
    if (pipe.waits() && pipe.pipe()->nonblock[kRead]) return Outcome::of(-EAGAIN);
    pipe.to_kernel(SettleReason::kWait);
    return Outcome::look_again();
  }
  const bool packet = !pipe.is_ring() && pipe.packets();
  if (!pipe.is_ring() && !packet) pipe.fill(want);
  const ssize_t n =
      packet ? copy_packet(pipe.bytes(), iov, count) : copy_out(pipe.bytes(), iov, count);
  if (n != -ENOSYS) return Outcome::of(n);
  return pipe.give_up(SettleReason::kMemory) ? Outcome::look_again() : Outcome::of(-ENOMEM);
}

bool is_pipe(int fd, FdEntry entry) {
  const KeepErrno keep;
  PipeId id;
  return entry.kind() == FdKind::kUnknown ? held_bytes::any() && pipe_id(fd, &id) : entry.is_pipe();
}

bool write_only(int fd) {
  const KeepErrno keep;
  return (sys->fcntl(fd, F_GETFL, 0) & O_ACCMODE) == O_WRONLY;
}

// Lets the kernel's call happen, counted as one that may sleep where that matters; nothing if it is
// for the engine after all.
template <typename Native>
std::optional<ssize_t> native_read(int fd, FdEntry entry, Native native) {
  if (!is_pipe(fd, entry)) return native();
  // First counted, then looked: bytes that get held in between are not missed.
  if (entry.ours() && !turns::shared()) {
    // As long as nothing has begun anywhere, which pipe it is need not be asked for.
    const Sleeper sleeper(pipe_of(entry)->key.load(std::memory_order_relaxed));
    const ReaderInFlight here(pipe_of(entry)->readers_in_flight());
    sync_point();
    if (!turns::any_begun() && !held_bytes::any()) return native();
  }
  const uint32_t key = pipe_key_of(fd);
  const Sleeper sleeper(key);
  const ReaderInFlight here(turns::readers_here(key));
  std::optional<ReaderInFlight> elsewhere;
  if (turns::shared()) elsewhere.emplace(turns::readers_elsewhere(key));
  sync_point();
  if (!turns::begun(key) && (!held_bytes::any() || !holds_bytes(fd))) return native();
  // The write end of a pipe that is not ours: no way to its bytes.
  if (write_only(fd)) return native();
  return std::nullopt;
}

// Waits for a pipe to become readable, taking nothing: 0 or -errno.
int wait_for_turn(int fd, unsigned vain) {
  const Sleeper sleeper(pipe_key_of(fd));
  return held_bytes::any() && holds_bytes(fd) ? 0 : kernel_pipe::wait_readable(fd, true, vain);
}

template <typename Native>
ssize_t read_by(int fd, const iovec* iov, int count, Native native) {
  const int kept = errno;
  unsigned waits = 0;
  for (;;) {
    const FdEntry entry = fd_entry(fd);
    if (entry.kind() == FdKind::kWriteEnd) return native();
    const Route where = route(entry);
    if (where == Route::kCandidate) {
      const InKernel counted(entry);
      const Sleeper sleeper;
      const ReaderInFlight taking(pipe_of(entry)->readers_in_flight());
      if (counted.candidate()) return native();
      continue;
    }
    if (where != Route::kRing) {
      if (const std::optional<ssize_t> n = native_read(fd, entry, native)) return *n;
    }
    Outcome outcome = by_engine(fd, iov, count, read_engine);
    if (outcome.next == Outcome::Next::kWait) {
      const int error = wait_for_turn(fd, waits++);
      outcome = error == 0 ? Outcome::look_again() : Outcome::of(error);
    }
    if (outcome.next == Outcome::Next::kReturn) return answer(outcome.result, kept);
    errno = kept;
    if (outcome.next == Outcome::Next::kAskKernel) return native();
  }
}

// Out of line, so that the calls that pass need no stack.
[[gnu::noinline]] ssize_t read_slowly(int fd, void* buf, size_t size) {
  const iovec iov = segment(buf, size);
  return read_by(fd, &iov, 1, [&] { return sys->read(fd, buf, size); });
}

}  // namespace

ssize_t read(int fd, void* buf, size_t size) {
  if (reads_pass(fd)) [[likely]]
    return sys->read(fd, buf, size);
  return read_slowly(fd, buf, size);
}

ssize_t readv(int fd, const iovec* iov, int count) {
  if (reads_pass(fd)) [[likely]]
    return sys->readv(fd, iov, count);
  return read_by(fd, iov, count, [&] { return sys->readv(fd, iov, count); });
}

#ifdef ANYSPLICE_HOST_PREADV2
ssize_t preadv2(int fd, const iovec* iov, int count, int64_t offset, int flags) {
  const auto native = [&] { return sys->preadv2(fd, iov, count, offset, flags); };
  // A pipe has no offsets, and only a settled one knows the flags. What cannot be put back is read
  // without them.
  if (offset != -1) return native();
  if (flags != 0) expose(fd, SettleReason::kFlags);
  return read_by(fd, iov, count, native);
}
#endif

}  // namespace anysplice
