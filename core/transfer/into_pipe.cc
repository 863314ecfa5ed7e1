// From a file, socket or device into a pipe.
#include <algorithm>
#include <optional>

#include "core/memory/scratch.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// How often a call that ought to succeed is made again, where giving up would lose or double bytes.
constexpr int kTries = 16;

// The source has nothing now: the end of the call, or a wait for it with no pipe locked.
Step source_stalled(Flow& flow, ssize_t error) {
  if (error == -ENOTSOCK && flow.in.remembered) {
    // The number was closed, and given to something else, behind our back.
    set_fd_entry(flow.in.fd, {});
    return look(flow.in.fd, &flow.in, Role::kSource) == 0 ? Step::kAgain : flow.fail(EBADF);
  }
  if (error == 0) return Step::kDone;
  if (error != -EAGAIN) return flow.fail(static_cast<int>(-error));
  if (flow.moved > 0) return Step::kDone;
  const bool nonblocking =
      flow.in.nonblocking() || (flow.in.kind == Kind::kStream && flow.nonblocking());
  return nonblocking ? flow.fail(EAGAIN) : Step::kWaitIn;
}

// Whether a read of the source would wait, which it must not inside a CriticalSection.
bool source_would_wait(const Flow& flow) {
  if (flow.in.kind != Kind::kDevice || flow.in.nonblocking()) return false;
  return poll_one(flow.in.fd, POLLIN, 0) == 0;
}

// Where the next byte of the source lies in its page: a file's pages enter a pipe one a slot, as
// they lie in the page cache.
size_t offset_in_page(const Flow& flow) {
  if (flow.in.kind != Kind::kFile) return 0;
  const int64_t at = flow.in.positioned ? flow.in.position : sys->lseek(flow.in.fd, 0, SEEK_CUR);
  return at > 0 ? static_cast<size_t>(at) % kPage : 0;
}

Step into_ring(Flow& flow, PipeLock& pipe) {
  Ring& ring = pipe.bytes();
  if (pipe.pipe()->descriptors[kRead] == 0) return flow.no_reader();
  if (ring.free() == 0) return flow.stall(pipe, Step::kWaitOut);
  if (flow.left() > 0 && !can_be_source(flow.in)) return flow.fail(EINVAL);
  while (flow.left() > 0 && ring.free() > 0) {
    const Ring::Room room = ring.reserve(flow.left(), offset_in_page(flow));
    if (room.iov.iov_len == 0) return flow.moved > 0 ? Step::kDone : flow.fail(ENOMEM);
    const ssize_t n = pull(flow.in, room.iov, false);
    ring.commit(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n <= 0) return source_stalled(flow, n);
    flow.moved += static_cast<size_t>(n);
    count(stats->ring_bytes, static_cast<uint64_t>(n));
    if (static_cast<size_t>(n) < room.iov.iov_len || flow.in.kind != Kind::kFile) break;
  }
  return Step::kDone;
}

// Room of a kernel pipe: 0 if full, -EPIPE without readers. `sure` says whether a write of it
// cannot fall short.
ssize_t kernel_room(int fd, size_t offset, bool* sure) {
  pollfd p{fd, POLLOUT, 0};
  if (sys->poll(&p, 1, 0) == 0) return 0;
  if ((p.revents & POLLERR) != 0) return -EPIPE;
  *sure = kernel_pipe::bytes(fd) == 0;
  return static_cast<ssize_t>(kernel_pipe::free_slots(fd) * kPage - offset);
}

// The same for a source that can be read again from where it was: without asking for what a write
// will tell.
ssize_t likely_room(int fd, size_t offset) {
  const size_t used = static_cast<size_t>(std::max<ssize_t>(kernel_pipe::bytes(fd), 0));
  const size_t size = kernel_pipe::slots(fd) * kPage;
  bool sure;
  if (used + kPage > size) return kernel_room(fd, offset, &sure);
  return static_cast<ssize_t>((size - used) / kPage * kPage - offset);
}

Step no_room(Flow& flow, PipeLock& pipe, ssize_t room) {
  return room < 0 ? flow.no_reader() : flow.stall(pipe, Step::kWaitOut);
}

// Takes bytes that were only looked at out of a socket. They are there, so this hardly ever fails;
// if it does they would come twice.
void discard(Endpoint& in, void* scratch, size_t length) {
  for (int tries = 0; length > 0 && tries < kTries; ++tries) {
    const ssize_t n = sys->recv(in.fd, scratch, length, MSG_DONTWAIT);
    if (n <= 0) continue;
    if (in.kind == Kind::kMessage) return;  // which goes as a whole
    length -= static_cast<size_t>(n);
  }
}

// Writes bytes that have left their source, the first of them written, to a pipe that a stranger
// filled: makes it larger, else waits; and holds them if the system takes them in no way. Bytes, or
// -errno if all are lost.
ssize_t write_rest(PipeLock& pipe, const char* data, size_t length, ssize_t written) {
  const int fd = pipe.fd();
  size_t done = static_cast<size_t>(std::max<ssize_t>(written, 0));
  // Without readers (EPIPE) nobody is left who could miss them.
  for (int failed = 0; done < length && written != -EPIPE && failed < kTries;) {
    const iovec rest{const_cast<char*>(data) + done, length - done};
    const bool now =
        written > 0 || (written == -EAGAIN &&
                        kernel_pipe::enlarge(fd, kernel_pipe::slots(fd) * kPage + rest.iov_len));
    if (now) {
      written = kernel_pipe::write_now(fd, &rest, 1);
    } else {
      written = sys->write(fd, rest.iov_base, rest.iov_len);
      if (written < 0) written = -errno;
      if (written == -EAGAIN) kernel_pipe::wait_writable(fd, false);  // O_NONBLOCK
    }
    failed = written > 0 ? 0 : failed + 1;
    done += static_cast<size_t>(std::max<ssize_t>(written, 0));
  }
  if (done < length && written != -EPIPE) done += pipe.hold(data + done, length - done);
  return done > 0 ? static_cast<ssize_t>(done) : written;
}

// One chunk: reads from the source no more than the pipe will take, whatever the pipe does. Nothing
// if it filled the chunk and more may follow.
std::optional<Step> into_kernel_once(Flow& flow, PipeLock& pipe, size_t room, bool sure,
                                     const Scratch& scratch) {
  size_t want = std::min({flow.left(), room, scratch.size()});
  const bool seekable = flow.in.kind == Kind::kFile;
  const bool socket = flow.in.kind == Kind::kStream || flow.in.kind == Kind::kMessage;
  bool peeked = !sure && socket;
  // What cannot be unread is read only as far as one free page, which poll vouched for, goes.
  if (!sure && !seekable && !peeked) want = std::min(want, kPage);
  const iovec into{scratch.data(), want};
  ssize_t n;
  if (peeked) {
    n = sys->recv(flow.in.fd, into.iov_base, want, MSG_PEEK | MSG_DONTWAIT);
    if (n < 0) n = -errno;
    if (n == 0 && flow.in.kind == Kind::kMessage) {
      // An empty message is one all the same: it has to go.
      peeked = false;
      n = pull(flow.in, into, false);
    }
  } else {
    n = pull(flow.in, into, false);
  }
  if (n <= 0) {
    // The pipe's state comes before the source's, if it was not asked for yet.
    if (seekable && flow.moved == 0) {
      if (const ssize_t now = kernel_room(pipe.fd(), 0, &sure); now <= 0)
        return no_room(flow, pipe, now);
    }
    return source_stalled(flow, n);
  }
  const iovec data{into.iov_base, static_cast<size_t>(n)};
  ssize_t written = kernel_pipe::write_now(pipe.fd(), &data, 1);
  if (seekable && written < n) {
    const int64_t back = n - std::max<ssize_t>(written, 0);
    flow.in.position -= back;
    if (!flow.in.positioned) sys->lseek(flow.in.fd, -back, SEEK_CUR);
  } else if (peeked) {
    // Of a message that does not fit the rest is lost, as by the kernel's call.
    while (flow.in.kind == Kind::kMessage && written > 0 && written < n) {
      const iovec rest{scratch.data() + written, static_cast<size_t>(n - written)};
      const ssize_t more = kernel_pipe::write_now(pipe.fd(), &rest, 1);
      if (more <= 0) break;
      written += more;
    }
    if (written > 0) discard(flow.in, into.iov_base, static_cast<size_t>(written));
  } else if (written < n) {
    // A stranger filled the pipe since we looked, or the system failed us.
    written = write_rest(pipe, scratch.data(), static_cast<size_t>(n), written);
  }
  if (written == -EAGAIN) return flow.stall(pipe, Step::kWaitOut);
  if (written < 0) return flow.fail(static_cast<int>(-written));
  flow.moved += static_cast<size_t>(written);
  if (seekable && written == static_cast<ssize_t>(want) && flow.left() > 0) return std::nullopt;
  return Step::kDone;
}

Step into_kernel(Flow& flow, PipeLock& pipe) {
  pipe.make_room();
  bool sure = false;
  const ssize_t room = flow.in.kind == Kind::kFile && flow.left() > 0
                           ? likely_room(pipe.fd(), offset_in_page(flow))
                           : kernel_room(pipe.fd(), offset_in_page(flow), &sure);
  if (room <= 0) return no_room(flow, pipe, room);
  if (flow.left() == 0) return Step::kDone;
  if (!can_be_source(flow.in)) return flow.fail(EINVAL);
  const Scratch scratch;
  if (scratch.data() == nullptr) return flow.fail(ENOMEM);
  const size_t limit = flow.moved + static_cast<size_t>(room);
  while (flow.moved < limit) {
    const auto step = into_kernel_once(flow, pipe, limit - flow.moved, sure, scratch);
    if (!step) continue;
    return *step;
  }
  return Step::kDone;
}

}  // namespace

ssize_t move_into_pipe(Flow& flow) {
  return run(flow, [&](CriticalSection& section) {
    if (source_would_wait(flow)) return source_stalled(flow, -EAGAIN);
    PipeLock pipe(section, flow.out);
    const int error = flow.in.kind == Kind::kFile ? pipe.lock_for_write() : pipe.lock();
    if (error != 0) return flow.fail(-error);
    if (!pipe.is_ring()) section.block_signals();  // bytes will be neither here nor there
    return pipe.is_ring() ? into_ring(flow, pipe) : into_kernel(flow, pipe);
  });
}

}  // namespace anysplice
