// fcntl and ioctl: what is set on descriptors and asked of them.
#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <bit>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/fd/own_description.h"
#include "core/inject/inject.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/promotion.h"
#include "core/pipe/route.h"
#include "core/policy/mode.h"
#include "core/sys/critical_section.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

void set_nonblock(int fd, FdEntry entry, bool on) {
  CriticalSection section;
  Pipe* pipe = pipe_of(entry);
  if (!lock_entry(fd, entry, pipe)) return;
  pipe->nonblock[end_of(entry)] = on;
  pipe->lock.unlock();
}

#ifdef F_SETPIPE_SZ
// F_SETPIPE_SZ of a ring: as much as the kernel grants, but never below what is in it.
int resize(int fd, long size) {
  const int kept = errno;
  CriticalSection section;
  // A candidate's size is asked for when it gets its ring.
  const FdEntry entry = fd_entry(fd);
  if (route(entry) == Route::kCandidate) {
    const int granted = sys->fcntl(fd, F_SETPIPE_SZ, size);
    if (granted > 0) {
      pipe_of(entry)->granted.store(static_cast<size_t>(granted), std::memory_order_relaxed);
    }
    return granted;
  }
  if (!engine_may_answer() && !held_bytes::any()) return sys->fcntl(fd, F_SETPIPE_SZ, size);
  PipeLock pipe(section, fd);
  if (pipe.lock() != 0) return sys->fcntl(fd, F_SETPIPE_SZ, size);
  if (!pipe.is_ring()) pipe.settle(SettleReason::kResize);
  if (pipe.is_ring()) {
    const size_t asked = static_cast<uint32_t>(size);  // all that the kernel looks at
    const size_t pages = (std::max<size_t>(asked, 1) + kPage - 1) / kPage;
    const size_t slots = std::bit_ceil(pages);  // as the kernel rounds
    if (asked <= size_t{1} << 30 && pipe.bytes().used() > slots) {
      errno = EBUSY;
      return -1;
    }
  }
  errno = kept;
  const int granted = sys->fcntl(fd, F_SETPIPE_SZ, size);
  if (granted > 0 && pipe.is_ring() &&
      !resize_ring(pipe.pipe(), static_cast<size_t>(granted) / kPage)) {
    pipe.to_kernel(SettleReason::kMemory);
  }
  return granted;
}
#endif

// FIONREAD counts what the engine has.
int unread(int fd, int* to) {
  const int kept = errno;
  CriticalSection section;
  PipeLock pipe(section, fd);
  if (const int failed = pipe.lock(); failed == -EBADF) {
    errno = EBADF;  // the system does not say which pipe it is
    return -1;
  } else if (failed != 0) {
    return sys->ioctl(fd, FIONREAD, to);
  }
  const int mine = static_cast<int>(pipe.bytes().bytes());
  errno = kept;
  const int error = sys->ioctl(fd, FIONREAD, to);
  if (error == 0) *to = pipe.is_ring() ? mine : mine + *to;
  return error;
}

}  // namespace

int fcntl(int fd, int cmd, long arg) {
  if (inject::on()) {
    if (const int error = inject::refuses_size(fd, cmd, arg); error != 0) {
      errno = error;
      return -1;
    }
  }
  const FdEntry entry = fd_entry(fd);
  if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) return note_copy(fd, sys->fcntl(fd, cmd, arg));
  if (!entry.ours()) {
    if (cmd == F_SETFL && (arg & O_APPEND) != 0) own_description::forget_all();
    return sys->fcntl(fd, cmd, arg);
  }
#ifdef F_SETPIPE_SZ
  if (cmd == F_SETPIPE_SZ) return resize(fd, arg);
#endif
  if (cmd != F_SETFL) return sys->fcntl(fd, cmd, arg);
  if ((arg & (host::kPackets | host::kAsync)) != 0) expose(fd, SettleReason::kFcntl);
  const int error = sys->fcntl(fd, cmd, arg);
  const KeepErrno keep;
  if (error == 0 && (arg & host::kPackets) != 0) pipe_of(entry)->packets.store(true);
  if (error == 0) set_nonblock(fd, entry, (arg & O_NONBLOCK) != 0);
  return error;
}

// Whether an ioctl is of those that any program makes: of terminals, sockets, and FIONBIO's kin.
// Another may be told of a pipe to write to, as btrfs's send is.
static bool familiar(unsigned long request) {
  constexpr unsigned long kTerminals = 'T';
  constexpr unsigned long kSockets = 0x89;
  const unsigned long type = request >> 8 & 0xff;
  return type == kTerminals || type == kSockets;
}

int ioctl(int fd, unsigned long request, void* arg) {
  const FdEntry entry = fd_entry(fd);
  const Route where = route(entry);
  if (request == FIONREAD) {
    // Of a number that was never looked at another process may hold bytes.
    const bool here =
        where == Route::kRing || (where == Route::kHeld && (entry.is_pipe() || holds_bytes(fd)));
    return here ? unread(fd, static_cast<int*>(arg)) : sys->ioctl(fd, request, arg);
  }
  if (!entry.ours()) {
    if (!familiar(request)) expect_unseen_writers();
    return sys->ioctl(fd, request, arg);
  }
  if (request != FIONBIO) {
    expose(fd, SettleReason::kIoctl);
    return sys->ioctl(fd, request, arg);
  }
  const int error = sys->ioctl(fd, request, arg);
  const KeepErrno keep;
  if (error == 0) set_nonblock(fd, entry, *static_cast<int*>(arg) != 0);
  return error;
}

}  // namespace anysplice
