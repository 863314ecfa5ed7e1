// From a pipe into a file, socket or device.
#include <algorithm>

#include "core/base/sync_point.h"
#include "core/memory/iovec_room.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/sys/sys.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// Bytes taken from a kernel's pipe at a time for a sink that takes any part: what a cache holds.
constexpr size_t kChunk = size_t{128} * 1024;

reuse::Way way_to(Kind kind) {
  switch (kind) {
    case Kind::kFile:
      return reuse::Way::kFile;
    case Kind::kStream:
    case Kind::kMessage:
      return reuse::Way::kSocket;
    case Kind::kNull:
      return reuse::Way::kNull;
    default:
      return reuse::Way::kDevice;
  }
}

Step out_of(Flow& flow, PipeLock& pipe, const CriticalSection& section) {
  const bool whole = flow.out.kind == Kind::kMessage || flow.out.kind == Kind::kDevice;
  while (flow.left() > 0) {
    const int error = pipe.fill(whole ? flow.left() : std::min(flow.left(), kChunk));
    if (error == -ENODATA) return Step::kDone;
    if (error == -EAGAIN) return flow.stall(pipe, Step::kWaitIn);
    if (error != 0) return flow.fail(-error);
    Ring& ring = pipe.bytes();
    if (flow.out.terminal) ring.become_bytes(copy_from_user);  // it is looked at on the way
    IovecRoom room(ring.used());
    size_t described;
    // The kernel puts at most so many pipe buffers into one message.
    const size_t most = flow.out.kind == Kind::kMessage ? ring.bytes_in(16) : SIZE_MAX;
    const int count =
        ring.leaving(std::min(flow.left(), most), room.iov(), &described, room.most());
    const bool more =
        (flow.flags & kSpliceMore) != 0 || (described < flow.left() && described < ring.bytes());
    const reuse::Departure departure(ring, 0, described, way_to(flow.out.kind));
    const ssize_t n = push(flow.out, room.iov(), count, more);
    if (n == -EFAULT && ring.become_bytes(copy_from_user)) continue;
    if (n == -EAGAIN && !flow.out.nonblocking()) return Step::kWaitOut;
    if (n == -ENOTSOCK && flow.out.remembered) {
      // The number was closed, and given to something else, behind our back.
      set_fd_entry(flow.out.fd, {});
      return look(flow.out.fd, &flow.out, Role::kSink) == 0 ? Step::kAgain : flow.fail(EBADF);
    }
    if (n == -EPIPE && flow.out.kind == Kind::kStream) return flow.no_reader();
    if (n < 0) return flow.fail(static_cast<int>(-n));
    sync_point();
    departure.left(static_cast<size_t>(n));
    ring.consume(static_cast<size_t>(n));
    flow.moved += static_cast<size_t>(n);
    // The next write might sleep, and the handler that was put off with it.
    if (n == 0 || section.came() != deferral::Came::kNone) break;
  }
  return Step::kDone;
}

}  // namespace

ssize_t move_out_of_pipe(Flow& flow) {
  return run(flow, [&](CriticalSection& section) {
    PipeLock pipe(section, flow.in.pipe_seen());
    if (const int error = pipe.lock(); error != 0) return flow.fail(-error);
    return out_of(flow, pipe, section);
  });
}

}  // namespace anysplice
