// Between two pipes: moving (splice) and linking (tee).
#include <algorithm>

#include "core/base/sync_point.h"
#include "core/memory/iovec_room.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

enum class What { kMove, kLink };

// Whether a locked pipe takes bytes: 0, EAGAIN if it is full, EPIPE if it has no reader.
int check_out(PipeLock& out) {
  if (out.is_ring()) {
    if (out.pipe()->descriptors[kRead] == 0) return EPIPE;
    return out.bytes().free() == 0 ? EAGAIN : 0;
  }
  pollfd p{out.fd(), POLLOUT, 0};
  if (sys->poll(&p, 1, 0) == 0) return EAGAIN;
  return (p.revents & POLLERR) != 0 ? EPIPE : 0;
}

ssize_t write_packets(int fd, const iovec* iov, int count) {
  ssize_t done = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t n = kernel_pipe::write_now(fd, &iov[i], 1);
    if (n < 0) return done > 0 ? done : n;
    done += n;
    if (n < static_cast<ssize_t>(iov[i].iov_len)) break;
  }
  return done;
}

// What goes to a kernel's pipe, by a write; by more than one where a slot's memory is gone. Bytes
// or -errno.
ssize_t write_out(Ring& from, PipeLock& out, size_t length, iovec* iov, int most, What what) {
  const reuse::Way way = what == What::kLink ? reuse::Way::kTee : reuse::Way::kPipe;
  for (size_t done = 0;;) {
    size_t described;
    const int count = from.leaving_at(done, length - done, iov, &described, most);
    const reuse::Departure departure(from, done, described, way);
    // Into a packet pipe what was one packet goes by one write.
    const ssize_t n = out.packets() ? write_packets(out.fd(), iov, count)
                                    : kernel_pipe::write_now(out.fd(), iov, count);
    if (n == -EFAULT && from.become_bytes(copy_from_user)) continue;
    if (n > 0) departure.left(static_cast<size_t>(n));
    if (n > 0) done += static_cast<size_t>(n);
    // The pipe is full, or the next byte is not to be had: the next write tells.
    if (n > 0 && n < static_cast<ssize_t>(described) && from.may_refer()) continue;
    return done > 0 ? static_cast<ssize_t>(done) : n;
  }
}

// The ways of pass() that take room for iovecs, out of line for the sake of the one that does not.
[[gnu::noinline]] ssize_t copy_or_write(PipeLock& in, PipeLock& out, size_t length, uint32_t room,
                                        What what) {
  Ring& from = in.bytes();
  IovecRoom pieces(from.used());
  iovec* const iov = pieces.iov();
  // Only a ring's slots are what the kernel's would be; held bytes are in pieces of our making.
  if (!out.is_ring()) {
    length = std::min(length, in.is_ring() ? from.bytes_in(room) : size_t{room} * kPage);
    return write_out(from, out, length, iov, pieces.most(), what);
  }
  size_t described;
  const int count = from.peek(length, iov, &described, pieces.most());
  size_t done = 0;
  for (int i = 0; i < count; ++i) {
    const size_t n = out.bytes().append_copy(iov[i].iov_base, iov[i].iov_len);
    done += n;
    if (n < iov[i].iov_len) break;
  }
  return done > 0 || count == 0 ? static_cast<ssize_t>(done) : -ENOMEM;
}

// From what `in` has in the engine to `out`: by reference between rings, by copy into a ring of
// other memory, by write into a kernel pipe, which has so many slots of room. Returns bytes or
// -errno; consumes nothing.
ssize_t pass(PipeLock& in, PipeLock& out, size_t length, uint32_t room, bool* consumed, What what) {
  Ring& from = in.bytes();
  *consumed = false;
  if (out.is_ring() && in.is_ring()) {
    *consumed = true;
    return static_cast<ssize_t>(what == What::kMove ? out.bytes().move_from(from, length)
                                                    : out.bytes().link_from(from, length));
  }
  return copy_or_write(in, out, length, room, what);
}

Step between(Flow& flow, PipeLock& in, PipeLock& out, What what) {
  if (!out.is_ring()) out.make_room();
  // An input that may yet have bytes comes first; at its end the output is looked at all the same.
  if (in.waits()) return flow.stall(in, Step::kWaitIn);
  if (const int error = check_out(out); error == EAGAIN) {
    return flow.stall(out, Step::kWaitOut);
  } else if (error == EPIPE) {
    return flow.no_reader();
  }
  // Of a pipe in the kernel no more is taken than it could have had, and than the output can have.
  const uint32_t room = out.is_ring() ? out.bytes().free() : kernel_pipe::free_slots(out.fd());
  const size_t most =
      in.is_ring() ? SIZE_MAX : std::min<size_t>(kernel_pipe::slots(in.fd()), room) * kPage;
  const int filled = in.fill(std::min(flow.left(), most));
  if (filled == -ENODATA) return Step::kDone;
  if (filled == -EAGAIN) return flow.stall(in, Step::kWaitIn);
  if (filled != 0) return flow.fail(-filled);
  bool consumed = false;
  const ssize_t n = pass(in, out, flow.left(), room, &consumed, what);
  if (n == -EAGAIN) return flow.stall(out, Step::kWaitOut);
  if (n < 0) return flow.fail(static_cast<int>(-n));
  sync_point();
  if (what == What::kMove && !consumed) in.bytes().consume(static_cast<size_t>(n));
  if (out.is_ring()) count(stats->ring_bytes, static_cast<uint64_t>(n));
  flow.moved += static_cast<size_t>(n);
  return Step::kDone;
}

ssize_t transfer(Flow& flow, What what) {
  return run(flow, [&](CriticalSection& section) {
    PipeLock in(section, flow.in.pipe_seen());
    PipeLock out(section, flow.out.pipe_seen());
    if (const int error = PipeLock::lock_both(in, out); error != 0) return flow.fail(-error);
    return between(flow, in, out, what);
  });
}

}  // namespace

ssize_t move_between_pipes(Flow& flow) { return transfer(flow, What::kMove); }
ssize_t link_between_pipes(Flow& flow) { return transfer(flow, What::kLink); }

}  // namespace anysplice
