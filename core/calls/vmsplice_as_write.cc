#include "core/calls/vmsplice_as_write.h"

#include <errno.h>
#include <sys/stat.h>

#include <atomic>

#include "core/calls/engine.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "core/sys/transient_descriptor.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// All pipes that have no name are on one device.
bool is_fifo(int fd) {
  static std::atomic<dev_t> unnamed;
  struct stat st;
  if (unnamed.load(std::memory_order_relaxed) == 0) {
    const TransientDescriptor open;
    int ends[2];
    if (sys->pipe(ends) != 0) return false;
    if (sys->fstat(ends[0], &st) == 0) unnamed.store(st.st_dev, std::memory_order_relaxed);
    sys->close(ends[0]);
    sys->close(ends[1]);
  }
  const dev_t device = unnamed.load(std::memory_order_relaxed);
  return device != 0 && sys->fstat(fd, &st) == 0 && st.st_dev != device;
}

// With RWF_NOWAIT, whether the system knows that of pipes or not.
ssize_t write_what_fits(const Endpoint& end, const iovec* iov, size_t count) {
  Flow flow{.in = {}, .out = end, .length = kMaxTransfer, .flags = kSpliceNonblock};
  return run(flow, [&](CriticalSection& section) {
    PipeLock pipe(section, flow.out.pipe_seen());
    if (const int error = pipe.lock(); error != 0) return flow.fail(-error);
    if (pipe.is_ring()) {
      pipe.to_kernel(SettleReason::kFlags);
      return Step::kAgain;
    }
    pipe.make_room();
    const ssize_t n = kernel_pipe::write_now(pipe.fd(), iov, static_cast<int>(count));
    if (n < 0) return flow.fail(static_cast<int>(-n));
    flow.moved = static_cast<size_t>(n);
    return Step::kDone;
  });
}

}  // namespace

ssize_t vmsplice_as_write(const Endpoint& end, const iovec* iov, size_t count, unsigned flags) {
  if ((flags & kSpliceNonblock) != 0) {
    return is_fifo(end.fd) ? -EOPNOTSUPP : write_what_fits(end, iov, count);
  }
  const ssize_t n = anysplice::writev(end.fd, iov, static_cast<int>(count));
  return n < 0 ? -errno : n;
}

}  // namespace anysplice
