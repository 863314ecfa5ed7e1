// From a file, socket or device into a pipe.
#include <string.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "core/memory/page_runs.h"
#include "core/memory/scratch.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// How often a call that ought to succeed is made again, where giving up would lose or double bytes.
constexpr int kTries = 16;

// The number was closed, and given to something else, behind our back.
Step look_again(Flow& flow) {
  set_fd_entry(flow.in.fd, {});
  const Endpoint before = flow.in;
  if (look(flow.in.fd, &flow.in, Role::kSource) != 0) return flow.fail(EBADF);
  flow.in.positioned = before.positioned;
  flow.in.position = before.position;
  return Step::kAgain;
}

// The source has nothing now: the end of the call, or a wait for it with no pipe locked.
Step source_stalled(Flow& flow, ssize_t error) {
  if ((error == -ENOTSOCK || error == -ESPIPE) && flow.in.remembered) return look_again(flow);
  if (error == 0) return Step::kDone;
  if (error != -EAGAIN) return flow.fail(static_cast<int>(-error));
  if (flow.moved > 0) return Step::kDone;
  const bool nonblocking =
      flow.in.nonblocking() || (flow.nonblocking() && heeds_splice_nonblock(flow.in));
  if (nonblocking) return flow.fail(EAGAIN);
  return is_shut(flow.in) ? Step::kDone : Step::kWaitIn;
}

// What has come from a socket may be less than what a call on it waits for: then it takes the
// socket's error too, if there is one, whether it waits or not.
Step after_some(Flow& flow) {
  const size_t wanted = low_water(flow.in, flow.length);
  if (flow.moved >= wanted) return Step::kDone;
  if (!flow.nonblocking() && !flow.in.nonblocking()) return Step::kWaitIn;
  sockets::option(flow.in.fd, SO_ERROR, 0);
  return Step::kDone;
}

// Where the next byte of the source lies in its page: a file's pages enter a pipe one a slot, as
// they lie in the page cache. The position goes to *at, -ESPIPE if there is none.
size_t offset_in_page(const Flow& flow, int64_t* at) {
  *at = 0;
  if (flow.in.kind != Kind::kFile) return 0;
  *at = flow.in.positioned ? flow.in.position : sys->lseek(flow.in.fd, 0, SEEK_CUR);
  if (*at < 0) *at = -errno;
  return *at > 0 ? static_cast<size_t>(*at) % kPage : 0;
}

Step into_ring(Flow& flow, PipeLock& pipe) {
  Ring& ring = pipe.bytes();
  if (pipe.pipe()->descriptors[kRead] == 0) return flow.no_reader();
  if (ring.free() == 0) return flow.stall(pipe, Step::kWaitOut);
  if (flow.left() > 0 && !can_be_source(flow.in)) return flow.fail(EINVAL);
  while (flow.left() > 0 && ring.free() > 0) {
    int64_t at;
    const size_t offset = offset_in_page(flow, &at);
    if (at == -ESPIPE && flow.in.remembered) return look_again(flow);
    const Ring::Room room = ring.reserve(flow.left(), offset);
    if (room.iov.iov_len == 0) {
      if (flow.moved > 0) return Step::kDone;
      pipe.to_kernel(SettleReason::kMemory);
      return Step::kAgain;
    }
    const ssize_t n = pull(flow.in, room.iov);
    ring.commit(room, n > 0 ? static_cast<size_t>(n) : 0);
    if (n <= 0) return source_stalled(flow, n);
    flow.moved += static_cast<size_t>(n);
    count(stats->ring_bytes, static_cast<uint64_t>(n));
    if (static_cast<size_t>(n) < room.iov.iov_len || flow.in.kind != Kind::kFile) {
      return after_some(flow);
    }
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
ssize_t likely_room(Endpoint& out, size_t offset) {
  const int fd = out.fd;
  const size_t used = static_cast<size_t>(std::max<ssize_t>(kernel_pipe::bytes(fd), 0));
  // As it was found, once: after a wait it may be another one.
  const size_t found = std::exchange(out.slots, 0);
  const size_t size = (found > 0 ? found : kernel_pipe::slots(fd)) * kPage;
  bool sure;
  if (used + kPage > size) return kernel_room(fd, offset, &sure);
  return static_cast<ssize_t>((size - used) / kPage * kPage - offset);
}

Step no_room(Flow& flow, PipeLock& pipe, ssize_t room) {
  return room < 0 ? flow.no_reader() : flow.stall(pipe, Step::kWaitOut);
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

// Bytes that a write to a kernel pipe takes for certain, if all in it came by write(2): of two
// buffers in a row, which would have been one if they fitted, but for the first.
size_t certain_room(int fd) {
  const size_t used = static_cast<size_t>(std::max<ssize_t>(kernel_pipe::bytes(fd), 0));
  const size_t most = std::min(used, 2 * (used / (kPage + 1)) + 2);
  const size_t all = kernel_pipe::slots(fd);
  return (all > most ? all - most : 1) * kPage;
}

// One chunk of a file, which can be read again from where it was. Nothing if it filled the chunk
// and more may follow.
std::optional<Step> file_into_kernel(Flow& flow, PipeLock& pipe, size_t room,
                                     const Scratch& scratch) {
  const size_t want = std::min({flow.left(), room, scratch.size()});
  const ssize_t n = pull(flow.in, {scratch.data(), want});
  if (n <= 0) {
    // The pipe's state comes before the source's, if it was not asked for yet.
    bool sure;
    if (flow.moved == 0) {
      if (const ssize_t now = kernel_room(pipe.fd(), 0, &sure); now <= 0)
        return no_room(flow, pipe, now);
    }
    return source_stalled(flow, n);
  }
  const iovec data{scratch.data(), static_cast<size_t>(n)};
  const ssize_t written = kernel_pipe::write_now(pipe.fd(), &data, 1);
  flow.in.position -= n - std::max<ssize_t>(written, 0);
  if (written == -EAGAIN) return flow.stall(pipe, Step::kWaitOut);
  if (written < 0) return flow.fail(static_cast<int>(-written));
  flow.moved += static_cast<size_t>(written);
  if (written == static_cast<ssize_t>(want) && flow.left() > 0) return std::nullopt;
  return Step::kDone;
}

// Writes a message that has left its socket, as far as there is room: the rest of it is lost, as by
// the kernel's call; but not all.
ssize_t write_message(PipeLock& pipe, const char* data, size_t length) {
  size_t done = 0;
  ssize_t n = 1;
  while (done < length && n > 0) {
    const iovec rest{const_cast<char*>(data) + done, length - done};
    n = kernel_pipe::write_now(pipe.fd(), &rest, 1);
    done += static_cast<size_t>(std::max<ssize_t>(n, 0));
  }
  return done > 0 ? static_cast<ssize_t>(done) : write_rest(pipe, data, length, n);
}

// One chunk of what cannot be read again: no more than the pipe is sure to take. Looking and taking
// are one call, since others may take too. `there` is what is known to be there after a chunk: to
// ask for more would take an error that is for the next call, if that is less than SO_RCVLOWAT.
std::optional<Step> stream_into_kernel(Flow& flow, PipeLock& pipe, size_t room, bool sure,
                                       const Scratch& scratch, size_t* there) {
  const bool message = flow.in.kind == Kind::kMessage;
  size_t want = std::min({flow.left(), room, scratch.size(), *there});
  if (!sure && !message) want = std::min(want, certain_room(pipe.fd()));
  const ssize_t n = pull(flow.in, {scratch.data(), want});
  if (n <= 0) return source_stalled(flow, n);
  const auto length = static_cast<size_t>(n);
  ssize_t written;
  if (message) {
    written = write_message(pipe, scratch.data(), length);
  } else {
    const iovec data{scratch.data(), length};
    written = kernel_pipe::write_now(pipe.fd(), &data, 1);
    // A stranger filled the pipe since we looked, or the system failed us.
    if (written < n) written = write_rest(pipe, scratch.data(), length, written);
  }
  if (written < 0) return flow.fail(static_cast<int>(-written));
  flow.moved += static_cast<size_t>(written);
  const bool over = flow.in.kind != Kind::kStream || length < want || flow.left() == 0;
  // (A family of sockets that does not tell may have any number.)
  if (!over) *there = static_cast<size_t>(kernel_pipe::bytes(flow.in.fd));
  if (over || *there == 0) return after_some(flow);
  bool unused;
  if (kernel_room(pipe.fd(), 0, &unused) > 0) return std::nullopt;
  return Step::kDone;
}

Step into_kernel(Flow& flow, PipeLock& pipe) {
  pipe.make_room();
  int64_t at;
  const size_t offset = offset_in_page(flow, &at);
  if (at == -ESPIPE && flow.in.remembered) return look_again(flow);
  const bool file = flow.in.kind == Kind::kFile && at >= 0;
  bool sure = false;
  const ssize_t room = file && flow.left() > 0 ? likely_room(flow.out, offset)
                                               : kernel_room(pipe.fd(), offset, &sure);
  if (room <= 0) return no_room(flow, pipe, room);
  if (flow.left() == 0) return Step::kDone;
  if (!can_be_source(flow.in)) return flow.fail(EINVAL);
  const Scratch scratch;
  if (scratch.data() == nullptr) return flow.fail(ENOMEM);
  // A position of its own is moved once, to where the call ends: others may share it.
  const bool own = file && !flow.in.positioned;
  if (own) {
    flow.in.positioned = true;
    flow.in.position = at;
  }
  const size_t before = flow.moved;
  const size_t limit = before + static_cast<size_t>(room);
  size_t there = SIZE_MAX;
  std::optional<Step> step;
  while (!step && flow.moved < limit) {
    step = file ? file_into_kernel(flow, pipe, limit - flow.moved, scratch)
                : stream_into_kernel(flow, pipe, limit - flow.moved, sure, scratch, &there);
  }
  if (own) {
    flow.in.positioned = false;
    if (flow.moved > before) {
      sys->lseek(flow.in.fd, static_cast<off_t>(flow.moved - before), SEEK_CUR);
    }
  }
  return step.value_or(Step::kDone);
}

// What a device, or a file that lingers, gives is read with no pipe locked: such a read can sleep.

// The most that one such call takes. A device may insist on room for a whole message: /dev/fuse, on
// as much as it was told that a write may have, and more.
constexpr size_t kMostOfDevice = 512 * kPage;
constexpr size_t kMostOfOthers = 16 * kPage;

// Room of the pipe for bytes of the source. As an attempt: `room` is 0 if the call is to end.
Step room_for_device(Flow& flow, PipeLock& pipe, size_t* room) {
  *room = 0;
  size_t free;
  if (pipe.is_ring()) {
    if (pipe.pipe()->descriptors[kRead] == 0) return flow.no_reader();
    if (pipe.bytes().free() == 0) return flow.stall(pipe, Step::kWaitOut);
    free = pipe.bytes().free() * kPage;
  } else {
    pipe.make_room();
    bool sure;
    const ssize_t bytes = kernel_room(pipe.fd(), 0, &sure);
    if (bytes <= 0) return no_room(flow, pipe, bytes);
    free = sure ? static_cast<size_t>(bytes) : certain_room(pipe.fd());
  }
  if (flow.left() == 0) return Step::kDone;
  if (!can_be_source(flow.in)) return flow.fail(EINVAL);
  const bool whole = flow.in.kind == Kind::kDevice && !flow.in.terminal;
  *room = std::min({flow.left(), free, whole ? kMostOfDevice : kMostOfOthers});
  return Step::kDone;
}

// As much of the bytes as the ring has room for.
size_t put_into_ring(Ring& ring, const char* data, size_t length) {
  size_t done = 0;
  while (done < length) {
    const Ring::Room room = ring.reserve(length - done);
    if (room.iov.iov_len == 0) break;
    memcpy(room.iov.iov_base, data + done, room.iov.iov_len);
    ring.commit(room, room.iov.iov_len);
    done += room.iov.iov_len;
  }
  return done;
}

// Puts what was read into the pipe, whatever has become of it. Bytes or -errno.
ssize_t put(Flow& flow, CriticalSection& section, const iovec* iov, size_t length) {
  PipeLock pipe(section, flow.out.pipe_seen());
  if (const int error = pipe.lock(); error != 0) return error;
  size_t done = 0;
  while (done < length) {
    const auto* const data = static_cast<const char*>(iov->iov_base);
    const size_t size = std::min(iov->iov_len, length - done);
    const size_t in_ring = pipe.is_ring() ? put_into_ring(pipe.bytes(), data, size) : 0;
    done += in_ring;
    ++iov;
    if (in_ring == size) continue;
    if (pipe.is_ring()) {
      pipe.to_kernel(SettleReason::kWait);
      if (const int error = pipe.lock(); error != 0) {
        return done > 0 ? static_cast<ssize_t>(done) : error;
      }
    }
    section.block_signals();
    const iovec rest{const_cast<char*>(data) + in_ring, size - in_ring};
    ssize_t written = kernel_pipe::write_now(pipe.fd(), &rest, 1);
    if (written < static_cast<ssize_t>(rest.iov_len)) {
      written = write_rest(pipe, data + in_ring, rest.iov_len, written);
    }
    if (written < 0) return done > 0 ? static_cast<ssize_t>(done) : written;
    done += static_cast<size_t>(written);
    if (written < static_cast<ssize_t>(rest.iov_len)) break;
  }
  return static_cast<ssize_t>(done);
}

// Reads what poll says is there, with signals blocked: no handler can leave between the source and
// the pipe. 0 bytes or -errno, -EAGAIN if nothing is there.
ssize_t take_ready(Flow& flow, size_t want) {
  if (poll_one(flow.in.fd, POLLIN, 0) == 0) return -EAGAIN;
  CriticalSection section(Signals::kBlocked);
  PageRuns room(want);
  if (room.size() == 0) return -ENOMEM;
  const ssize_t n = pull(flow.in, room.iov(), room.count());
  return n <= 0 ? n : put(flow, section, room.iov(), static_cast<size_t>(n));
}

// A terminal's read knows more than its poll (VMIN, VTIME, the reader's process group), so that it
// has to be the one that waits; with signals open, and on the stack, which a handler may leave.
ssize_t wait_and_take(Flow& flow, size_t want) {
  char some[256];
  const ssize_t n = pull(flow.in, {some, std::min(want, sizeof(some))});
  if (n <= 0) return n;
  CriticalSection section(Signals::kBlocked);
  const iovec all{some, static_cast<size_t>(n)};
  return put(flow, section, &all, all.iov_len);
}

ssize_t from_device(Flow& flow) {
  for (;;) {
    size_t want = 0;
    const ssize_t checked = run(flow, [&](CriticalSection& section) {
      PipeLock pipe(section, flow.out.pipe_seen());
      if (const int error = pipe.lock(); error != 0) return flow.fail(-error);
      return room_for_device(flow, pipe, &want);
    });
    if (checked < 0 || want == 0) return checked;
    ssize_t n = take_ready(flow, want);
    const bool waits = !flow.in.nonblocking();
    // With SIGTTIN blocked a terminal refuses what would have stopped the process.
    if ((n == -EAGAIN && (!waits || flow.in.terminal)) || (n == -EIO && flow.in.terminal)) {
      n = wait_and_take(flow, want);
    }
    if (n != -EAGAIN || !waits) return n;
    if (const int error = wait(flow, Step::kWaitIn, true, 0); error != 0) return error;
  }
}

}  // namespace

ssize_t move_into_pipe(Flow& flow) {
  const ssize_t moved = run(flow, [&](CriticalSection& section) {
    if (can_linger(flow.in)) return Step::kDone;
    PipeLock pipe(section, flow.out.pipe_seen());
    const int error = flow.in.kind == Kind::kFile ? pipe.lock_for_write() : pipe.lock();
    if (error != 0) return flow.fail(-error);
    // Bytes will be neither here nor there, but for those of a file whose position is not ours to
    // move: they are where they were.
    const bool stay = flow.in.kind == Kind::kFile && flow.in.positioned;
    if (!pipe.is_ring() && !stay) section.block_signals();
    return pipe.is_ring() ? into_ring(flow, pipe) : into_kernel(flow, pipe);
  });
  return can_linger(flow.in) ? from_device(flow) : moved;
}

}  // namespace anysplice
