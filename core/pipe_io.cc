// read, write and their kin on a pipe that the engine has bytes of.
#include <algorithm>

#include "core/engine.h"
#include "core/keep_errno.h"
#include "core/pipe_lock.h"
#include "core/route.h"
#include "core/scratch.h"
#include "core/section.h"
#include "core/user_memory.h"

namespace anysplice {
namespace {

// What the engine says to a read or write: bytes, -errno, or that the kernel is to be asked.
constexpr ssize_t kAskKernel = -ENOSYS;

// A packet pipe gives one packet a read, and drops what the read does not take of it (pipe(7)).
ssize_t copy_packet(Ring& ring, const iovec* iov, size_t count) {
  size_t done = 0;
  const iovec packet = ring.front();
  for (size_t i = 0; i < count && done < packet.iov_len; ++i) {
    const size_t n = std::min(iov[i].iov_len, packet.iov_len - done);
    if (copy_to_user(iov[i].iov_base, static_cast<char*>(packet.iov_base) + done, n) !=
        static_cast<ssize_t>(n)) {
      return -EFAULT;
    }
    done += n;
  }
  ring.consume(packet.iov_len);
  return static_cast<ssize_t>(done);
}

// A read of a pipe with bytes in the engine. Where the engine cannot answer it settles the pipe.
ssize_t read_engine(int fd, const iovec* iov, size_t count, size_t want) {
  Section section;
  PipeLock pipe(fd);
  if (pipe.lock() != 0) return kAskKernel;
  if (pipe.bytes().empty()) {
    if (!pipe.is_ring()) return kAskKernel;
    if (pipe.waits() && pipe.pipe()->nonblock[kRead]) return -EAGAIN;
    pipe.to_kernel();
    return kAskKernel;
  }
  if (!pipe.is_ring()) {
    if (pipe.packets()) return copy_packet(pipe.bytes(), iov, count);
    pipe.fill(want);
  }
  const ssize_t n = copy_out(pipe.bytes(), iov, count);
  if (n == -ENOSYS) pipe.give_up();
  return n;
}

// A write to a ring. What does not fit, or must wait, is for the kernel's pipe.
ssize_t write_engine(int fd, const iovec* iov, size_t count, size_t total) {
  Section section;
  PipeLock pipe(fd);
  if (pipe.lock() != 0 || !pipe.is_ring()) return kAskKernel;
  Ring& ring = pipe.bytes();
  const bool readers = pipe.pipe()->descriptors[kRead] > 0;
  if (readers && ring.free() == 0 && pipe.pipe()->nonblock[kWrite] && !ring.would_merge(total)) {
    return -EAGAIN;
  }
  const Scratch scratch;
  if (!readers || total > std::min(ring.free() * kPage, scratch.size())) {
    pipe.to_kernel();
    return kAskKernel;
  }
  size_t staged = 0;
  for (size_t i = 0; i < count; ++i) {
    const ssize_t n = copy_from_user(scratch.data() + staged, iov[i].iov_base, iov[i].iov_len);
    if (n == -ENOSYS) {
      pipe.to_kernel();
      return kAskKernel;
    }
    if (n < 0 && staged == 0) return n;
    staged += static_cast<size_t>(std::max<ssize_t>(n, 0));
    if (n < static_cast<ssize_t>(iov[i].iov_len)) break;
  }
  return static_cast<ssize_t>(ring.append_copy(scratch.data(), staged));
}

// Lets the kernel's call happen, counted as one that may sleep where that matters.
template <typename Native>
ssize_t native_read(int fd, FdEntry entry, Native native) {
  if (!entry.is_pipe()) return native();
  const Sleeper sleeper(sleep_key_of(fd));
  return native();
}

// Arguments that the kernel would refuse are the kernel's to refuse.
template <typename Engine, typename Native>
ssize_t by_engine(int fd, const iovec* iov, int count, Engine engine, Native native) {
  const int kept = errno;
  ssize_t n = kAskKernel;
  size_t total = 0;
  if (count > 0 && check_segments(iov, static_cast<size_t>(count), &total) == 0 && total > 0) {
    n = engine(fd, iov, static_cast<size_t>(count), total);
  }
  if (n != kAskKernel) return answer(n, kept);
  errno = kept;
  return native();
}

bool has_held(int fd) {
  const KeepErrno keep;
  PipeId id;
  size_t bytes;
  return pipe_id(fd, &id) && arena::holds(id, &bytes);
}

template <typename Native>
ssize_t read_by(int fd, const iovec* iov, int count, Native native) {
  const FdEntry entry = fd_entry(fd);
  if (entry.kind() == FdKind::kWriteEnd) return native();
  switch (route(entry)) {
    case Route::kKernel:
      return native_read(fd, entry, native);
    case Route::kCandidate: {
      const InKernel counted(entry);
      if (counted.safe()) return native();
      break;
    }
    case Route::kRing:
      break;
    case Route::kHeld:
      if (!has_held(fd)) return native_read(fd, entry, native);
      break;
  }
  return by_engine(fd, iov, count, read_engine, native);
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
    if (where == Route::kHeld) settle_held_of(fd);
    return native();
  }
  return by_engine(fd, iov, count, write_engine, native);
}

// Out of line, so that the calls that pass need no stack.
[[gnu::noinline]] ssize_t read_slowly(int fd, void* buf, size_t size) {
  const iovec iov{buf, size};
  return read_by(fd, &iov, 1, [&] { return sys->read(fd, buf, size); });
}

[[gnu::noinline]] ssize_t write_slowly(int fd, const void* buf, size_t size) {
  const iovec iov{const_cast<void*>(buf), size};
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

ssize_t preadv2(int fd, const iovec* iov, int count, off64_t offset, int flags) {
  const auto native = [&] { return sys->preadv2(fd, iov, count, offset, flags); };
  if (offset != -1 || flags != 0) {
    // A pipe has no offsets, and only a settled one knows the flags.
    if (offset == -1) expose(fd);
    return native();
  }
  return read_by(fd, iov, count, native);
}

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

ssize_t pwritev2(int fd, const iovec* iov, int count, off64_t offset, int flags) {
  const auto native = [&] { return sys->pwritev2(fd, iov, count, offset, flags); };
  if (offset != -1 || flags != 0) {
    if (offset == -1) expose(fd);
    return native();
  }
  return write_by(fd, iov, count, native);
}

}  // namespace anysplice
