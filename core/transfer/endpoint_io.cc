// Moving bytes in and out of an end of a transfer, and waiting for it.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>

#include <algorithm>

#include "core/pipe/pipe_table.h"
#include "core/sys/files.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/by_poll.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"
#include "core/transfer/endpoint.h"

namespace anysplice {
namespace {

// Whether a look at what is to be received is seen by the next one (SO_PEEK_OFF, socket(7)).
bool looks_move([[maybe_unused]] int socket) {
#ifdef SO_PEEK_OFF
  return sockets::option(socket, SO_PEEK_OFF, -1) >= 0;
#else
  return false;
#endif
}

// What a splice that does not wait gives at such a mark: an error of the socket comes first, but
// not one that came after the end (EPIPE: a reset of what the peer had closed before).
ssize_t at_mark_at_once(int socket) {
#ifdef POLLRDHUP
  pollfd p{socket, POLLRDHUP, 0};
  if (sys->poll(&p, 1, 0) > 0) {
    // (Notices in the error queue are POLLERR, too.)
    if ((p.revents & POLLERR) != 0) {
      // A look past the mark tells which came first, and leaves an error that came second; but not
      // if there are bytes, nor where looks have a place of their own, which would move.
      char next;
      const ssize_t n =
          looks_move(socket) ? 1 : sys->recv(socket, &next, 1, MSG_PEEK | MSG_DONTWAIT);
      if (n == 0) return 0;
      if (n < 0 && errno != EAGAIN) return -errno;
      const int error = n > 0 ? sockets::option(socket, SO_ERROR, 0) : 0;
      if (error > 0 && error != EPIPE) return -error;
    }
    if ((p.revents & POLLRDHUP) != 0) return 0;  // no more will come
  }
#else
  static_cast<void>(socket);
#endif
  return -EAGAIN;
}

// As much of the front of iov as a terminal takes without sleeping once poll has said that there is
// room: one control character, which may come out as several, or a short run of others.
size_t piece_for_terminal(const iovec& iov) {
  constexpr size_t kRun = 128;
  const auto* bytes = static_cast<const unsigned char*>(iov.iov_base);
  size_t n = 0;
  while (n < iov.iov_len && n < kRun && bytes[n] >= ' ') ++n;
  return n > 0 ? n : 1;
}

ssize_t push_to_terminal(int fd, const iovec* iov, int count) {
  ssize_t done = 0;
  for (int i = 0; i < count; ++i) {
    iovec rest = iov[i];
    while (rest.iov_len > 0) {
      const int ready = poll_one(fd, POLLOUT, 0);
      if (ready == 0) errno = EAGAIN;
      const iovec piece{rest.iov_base, piece_for_terminal(rest)};
      const ssize_t n = ready > 0 ? sys->writev(fd, &piece, 1) : -1;
      if (n <= 0) return done > 0 ? done : n;
      done += n;
      rest.iov_base = static_cast<char*>(rest.iov_base) + n;
      rest.iov_len -= static_cast<size_t>(n);
    }
  }
  return done;
}

ssize_t push_to_device(const Endpoint& to, const iovec* iov, int count) {
  if (to.nonblocking()) return sys->writev(to.fd, iov, count);
  if (to.terminal) return push_to_terminal(to.fd, iov, count);
  if (poll_one(to.fd, POLLOUT, 0) == 0) {
    errno = EAGAIN;
    return -1;
  }
  return sys->writev(to.fd, iov, count);
}

}  // namespace

ssize_t pull(Endpoint& from, const iovec& into) {
  ssize_t n;
  switch (from.kind) {
    case Kind::kFile:
      n = from.positioned ? sys->pread(from.fd, into.iov_base, into.iov_len, from.position)
                          : sys->readv(from.fd, &into, 1);
      break;
    case Kind::kStream:
    case Kind::kMessage:
      if (from.tcp && sockets::at_urgent_mark(from.fd)) {
        const ssize_t at_once = at_mark_at_once(from.fd);
        return at_once == -EAGAIN && !from.nonblocking() ? 0 : at_once;
      }
      n = sys->recv(from.fd, into.iov_base, into.iov_len, MSG_DONTWAIT);
      break;
    default:
      n = sys->readv(from.fd, &into, 1);
  }
  if (n < 0) return -errno;
  from.position += n;
  return n;
}

ssize_t pull(Endpoint& from, const iovec* into, int count) {
  if (count == 1 || from.kind != Kind::kDevice) return pull(from, into[0]);
  const ssize_t n = sys->readv(from.fd, into, count);
  return n < 0 ? -errno : n;
}

ssize_t push(Endpoint& to, const iovec* iov, int count, bool more) {
  ssize_t n = 0;
  switch (to.kind) {
    case Kind::kNull:
      // Nothing can be seen of such a write.
      for (int i = 0; i < count; ++i) n += static_cast<ssize_t>(iov[i].iov_len);
      return n;
    case Kind::kFile:
      n = to.positioned ? files::write_at(to.fd, iov, count, to.position)
                        : sys->writev(to.fd, iov, count);
      break;
    case Kind::kStream:
    case Kind::kMessage: {
      msghdr message{};
      message.msg_iov = const_cast<iovec*>(iov);
      message.msg_iovlen = static_cast<decltype(message.msg_iovlen)>(count);
      // A broken stream's SIGPIPE is raised by the caller, once nothing is locked any more.
      const bool quiet = to.kind == Kind::kStream;
      n = sockets::send(to.fd, &message, {.wait = false, .more = more, .quiet = quiet});
      break;
    }
    case Kind::kDevice:
      n = push_to_device(to, iov, count);
      break;
    default:
      n = sys->writev(to.fd, iov, count);
  }
  if (n < 0) return -errno;
  to.position += n;
  return n;
}

bool heeds_splice_nonblock(const Endpoint& from) {
#ifdef SO_DOMAIN
  return from.kind == Kind::kStream && !from.tcp &&
         sockets::option(from.fd, SO_DOMAIN, AF_UNIX) == AF_UNIX;
#else
  return from.kind == Kind::kStream;
#endif
}

size_t low_water(const Endpoint& from, size_t length) {
  if (from.kind != Kind::kStream || from.tcp) return 0;
  const int mark = sockets::option(from.fd, SO_RCVLOWAT, 1);
  if (mark <= 1 || !heeds_splice_nonblock(from)) return 0;
  return std::min(static_cast<size_t>(mark), length);
}

bool is_shut([[maybe_unused]] const Endpoint& from) {
#ifdef POLLRDHUP
  if (from.kind != Kind::kMessage) return false;
  pollfd p{from.fd, POLLRDHUP, 0};
  return sys->poll(&p, 1, 0) > 0 && (p.revents & POLLRDHUP) != 0;
#else
  return false;
#endif
}

// A recv of nothing from a unix stream waits as any, and takes nothing; from a TCP socket it hides
// signals, and one of a byte goes past an urgent mark. From a message socket it would take a
// message; a look that copies nothing does not, and is only seen where looks have a place of their
// own, which is also theirs to wait at.
static int wait_for_socket(const Endpoint& from, bool restarts, unsigned vain) {
  // A system may not wait for nothing (gVisor).
  constexpr unsigned kOften = 8;
  const bool seen = from.kind == Kind::kMessage && looks_move(from.fd);
  if (!restarts || from.tcp || vain >= kOften || seen)
    return by_poll::wait_for_socket(from.fd, POLLIN | POLLPRI, restarts, vain);
  char nothing;
  const int how = from.kind == Kind::kMessage ? MSG_PEEK : 0;
  return sys->recv(from.fd, &nothing, 0, how) < 0 ? -errno : 0;
}

int wait_readable(const Endpoint& from, bool restarts, unsigned vain) {
  switch (from.kind) {
    case Kind::kPipe:
      return kernel_pipe::wait_readable(from.fd, restarts, vain);
    case Kind::kStream:
    case Kind::kMessage:
      return wait_for_socket(from, restarts, vain);
    default:
      return by_poll::wait_readable(from.fd, restarts);
  }
}

int wait_writable(const Endpoint& to, bool restarts, unsigned vain) {
  if (to.kind == Kind::kPipe || to.kind == Kind::kStream) {
    return kernel_pipe::wait_writable(to.fd, restarts, vain);
  }
  // A message that had no room has none before poll says so.
  if (to.kind == Kind::kMessage) return by_poll::wait_for_socket(to.fd, POLLOUT, restarts, vain);
  return by_poll::wait_writable(to.fd, restarts);
}

}  // namespace anysplice
