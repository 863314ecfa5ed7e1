// read, write and their kin on a pipe that the engine has bytes of.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/base/sync_point.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/memory/scratch.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/readers_in_flight.h"
#include "core/pipe/route.h"
#include "core/pipe/sleepers.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// What the engine says to a read or write, other than bytes and -errno, which is never below -4095.
constexpr ssize_t kAskKernel = -ENOSYS;
constexpr ssize_t kLookAgain = -4096;           // the pipe is not what it was
constexpr ssize_t kWait = kLookAgain - 1;       // and then look again
constexpr ssize_t kAskEngine = kLookAgain - 2;  // native_read(): after all

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
ssize_t read_engine(int fd, const iovec* iov, size_t count, size_t want) {
  CriticalSection section(Signals::kDeferred);
  PipeLock pipe(section, fd);
  // A handler that interrupted a call on this very pipe cannot wait for it. Where the system does
  // not say which pipe it is, nobody may go past bytes that are perhaps held.
  if (const int error = pipe.lock(); error != 0) {
    if (error == -EBADF && forgotten(fd)) return kLookAgain;
    return error == -ENOMEM ? kAskKernel : error;
  }
  if (pipe.bytes().empty()) {
    if (!pipe.is_ring()) {
      if (!turns::begun(pipe_key_of(fd))) return kLookAgain;
      const ssize_t n = kernel_pipe::read_now(fd, iov, static_cast<int>(count));
      return n == -EAGAIN ? kWait : n;
    }
    if (pipe.waits() && pipe.pipe()->nonblock[kRead]) return -EAGAIN;
    pipe.to_kernel(SettleReason::kWait);
    return kLookAgain;
  }
  const bool packet = !pipe.is_ring() && pipe.packets();
  if (!pipe.is_ring() && !packet) pipe.fill(want);
  const ssize_t n =
      packet ? copy_packet(pipe.bytes(), iov, count) : copy_out(pipe.bytes(), iov, count);
  if (n == -ENOSYS) return pipe.give_up(SettleReason::kMemory) ? kLookAgain : -ENOMEM;
  return n;
}

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
ssize_t write_engine(int fd, const iovec* iov, size_t count, size_t total) {
  CriticalSection section(Signals::kDeferred);
  PipeLock pipe(section, fd);
  if (const int error = pipe.lock(); error == -EINTR) {
    // Interrupted in the middle of a call on this pipe: into the kernel's, for that call to take
    // in.
    pipe_of(fd_entry(fd))->bypassed.store(true, std::memory_order_seq_cst);
    return kAskKernel;
  } else if (error != 0 || !pipe.is_ring()) {
    return kAskKernel;
  }
  Ring& ring = pipe.bytes();
  const bool readers = pipe.pipe()->descriptors[kRead] > 0;
  const bool nonblock = pipe.pipe()->nonblock[kWrite];
  // What must go in whole (up to PIPE_BUF, pipe(7)) does: it never takes more than one slot.
  const size_t room = ring.room_for_write(total);
  if (readers && room == 0 && nonblock) return -EAGAIN;
  const Scratch scratch;
  if (!readers || scratch.size() < kPage || (room < total && !nonblock)) {
    pipe.to_kernel(SettleReason::kWrite);
    return kAskKernel;
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
    if (staged == -EFAULT || (staged >= 0 && whole == 0)) return -EFAULT;
    pipe.to_kernel(SettleReason::kMemory);  // for the copy, or for the ring
    return kAskKernel;
  }
  return static_cast<ssize_t>(done);
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

// Lets the kernel's call happen, counted as one that may sleep where that matters.
template <typename Native>
ssize_t native_read(int fd, FdEntry entry, Native native) {
  if (!is_pipe(fd, entry)) return native();
  // First counted, then looked: bytes that get held in between are not missed.
  const uint32_t key = pipe_key_of(fd);
  const Sleeper sleeper(key);
  const ReaderInFlight here(turns::readers_here(key));
  std::optional<ReaderInFlight> elsewhere;
  if (turns::shared()) elsewhere.emplace(turns::readers_elsewhere(key));
  sync_point();
  if (!turns::begun(key) && (!held_bytes::any() || !holds_bytes(fd))) return native();
  // The write end of a pipe that is not ours: no way to its bytes.
  if (write_only(fd)) return native();
  return kAskEngine;
}

// Waits for a pipe to become readable, taking nothing: 0 or -errno.
int wait_for_turn(int fd, unsigned vain) {
  const Sleeper sleeper(pipe_key_of(fd));
  return held_bytes::any() && holds_bytes(fd) ? 0 : kernel_pipe::wait_readable(fd, true, vain);
}

// The engine's answer. Arguments that the kernel would refuse, or that ask for nothing, are the
// kernel's to answer.
template <typename Engine>
ssize_t by_engine(int fd, const iovec* iov, int count, Engine engine) {
  size_t total = 0;
  const bool refused =
      count <= 0 || check_segments(iov, static_cast<size_t>(count), &total) != 0 || total == 0;
  return refused ? kAskKernel : engine(fd, iov, static_cast<size_t>(count), total);
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
      if (const ssize_t n = native_read(fd, entry, native); n != kAskEngine) return n;
    }
    ssize_t n = by_engine(fd, iov, count, read_engine);
    if (n == kWait) {
      n = wait_for_turn(fd, waits++);
      if (n == 0) n = kLookAgain;
    }
    if (n != kAskKernel && n != kLookAgain) return answer(n, kept);
    errno = kept;
    if (n == kAskKernel) return native();
  }
}

template <typename Native>
ssize_t write_by(int fd, const iovec* iov, int count, Native native) {
  const FdEntry entry = fd_entry(fd);
  if (entry.kind() != FdKind::kWriteEnd) return native();
  const Route where = route(entry);
  if (where == Route::kCandidate) {
    const InKernel counted(entry);
    if (counted.safe()) return native();
  } else if (where != Route::kRing) {
    // With bytes held the kernel's pipe seems to have more room than there is.
    if (where == Route::kHeld) settle_held_of(fd, SettleReason::kWrite, Grow::kNo);
    return native();
  }
  const int kept = errno;
  const ssize_t n = by_engine(fd, iov, count, write_engine);
  if (n != kAskKernel) return answer(n, kept);
  errno = kept;
  return native();
}

// One buffer as a segment. A length of 32 bits that would be negative as a segment's is none to a
// kernel of 64.
iovec segment(void* buf, size_t size) {
  return {buf, sizeof(size) < sizeof(int64_t) ? std::min(size, kMaxTransfer) : size};
}

// Out of line, so that the calls that pass need no stack.
[[gnu::noinline]] ssize_t read_slowly(int fd, void* buf, size_t size) {
  const iovec iov = segment(buf, size);
  return read_by(fd, &iov, 1, [&] { return sys->read(fd, buf, size); });
}

[[gnu::noinline]] ssize_t write_slowly(int fd, const void* buf, size_t size) {
  const iovec iov = segment(const_cast<void*>(buf), size);
  return write_by(fd, &iov, 1, [&] { return sys->write(fd, buf, size); });
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
