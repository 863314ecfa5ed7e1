#include "core/transfer/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/files.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/by_poll.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

// What a table entry says besides the kind.
constexpr uint32_t kTcp = 1;      // of a stream
constexpr uint32_t kLingers = 4;  // of a file; below it is the access mode

int socket_option(int fd, int option, int otherwise) {
  const KeepErrno keep;
  int value = 0;
  socklen_t size = sizeof(value);
  return sys->getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : otherwise;
}

Kind socket_kind(int fd) {
  const int type = socket_option(fd, SO_TYPE, -1);
  if (type == -1) return Kind::kNone;
  return type == SOCK_STREAM ? Kind::kStream : Kind::kMessage;
}

bool is_tcp(int fd) {
#ifdef SO_PROTOCOL
  return socket_option(fd, SO_PROTOCOL, 0) == IPPROTO_TCP;
#else
  (void)fd;
  return false;
#endif
}

// A device that is a terminal; one that was hung up takes and gives nothing any more.
void look_at_terminal(Endpoint* end) {
  const KeepErrno keep;
  int waiting;
  end->terminal = sys->ioctl(end->fd, TIOCOUTQ, &waiting) == 0;
  if (!end->terminal && errno == EIO) end->kind = Kind::kNone;
}

// libc changes what these are with calls that nobody sees (login_tty, daemon).
bool is_standard(int fd) { return fd >= 0 && fd <= 2; }

// Whether the next byte is behind an urgent one, where a splice stops. A recv would go on.
bool at_urgent_mark(int socket) {
  int at = 0;
  return sys->ioctl(socket, SIOCATMARK, &at) == 0 && at != 0;
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

bool Endpoint::readable() const { return (flags & O_ACCMODE) != O_WRONLY; }
bool Endpoint::writable() const { return (flags & O_ACCMODE) != O_RDONLY; }
bool Endpoint::seekable() const {
  switch (kind) {
    case Kind::kFile:
    case Kind::kDirectory:
      return true;
    case Kind::kDevice:
    case Kind::kNull:
    case Kind::kNone: {
      // pread(2) of nothing tells what takes no offset.
      return sys->pread(fd, nullptr, 0, 0) >= 0 || errno != ESPIPE;
    }
    default:
      return false;
  }
}
bool Endpoint::nonblocking() const {
  return ((remembered ? sys->fcntl(fd, F_GETFL, 0) : flags) & O_NONBLOCK) != 0;
}

int look(int fd, Endpoint* end, Role role) {
  *end = {};
  end->fd = fd;
  end->replaced = fd_replaced.load();
  FdEntry entry = own_fd_entry(fd);
  if (entry.ours()) {
    const bool write = entry.kind() == FdKind::kWriteEnd;
    end->kind = Kind::kPipe;
    end->flags = write ? O_WRONLY : O_RDONLY;
    if (pipe_of(entry)->state.load(std::memory_order_acquire) != PipeState::kKernel) {
      if (pipe_of(entry)->nonblock[write ? kWrite : kRead]) end->flags |= O_NONBLOCK;
      return 0;
    }
    end->remembered = true;
    if (pipe_id(fd, &end->pipe)) return 0;
    // Closed, and given to something else, behind our back.
    set_fd_entry(fd, entry = {});
    *end = {};
    end->fd = fd;
  }
  // Of a sink anybody who has it can set O_APPEND.
  const bool stream = entry.kind() == FdKind::kStream;
  const bool file = entry.kind() == FdKind::kFile;
  end->remembered = stream || file;
  if (role == Role::kSource && end->remembered) {
    end->flags = stream ? O_RDWR : static_cast<int>(entry.pipe()) & O_ACCMODE;
  } else {
    end->flags = sys->fcntl(fd, F_GETFL, 0);
    if (end->flags < 0 || (end->flags & host::kPathOnly) != 0) return -EBADF;
  }
  if (end->remembered) {
    end->kind = stream ? Kind::kStream : Kind::kFile;
    end->tcp = stream && (entry.pipe() & kTcp) != 0;
    end->lingers = file && (entry.pipe() & kLingers) != 0;
    return 0;
  }
  struct stat st;
  if (sys->fstat(fd, &st) != 0) return -EBADF;
  FdKind known = FdKind::kOther;
  uint32_t about = 0;
  switch (st.st_mode & S_IFMT) {
    case S_IFIFO:
      end->kind = Kind::kPipe;
      end->pipe = {static_cast<uint64_t>(st.st_dev), st.st_ino};
      remember_pipe(fd, end->pipe);
      return 0;
    case S_IFSOCK:
      end->kind = socket_kind(fd);
      if (end->kind == Kind::kStream) {
        end->tcp = is_tcp(fd);
        known = FdKind::kStream;
        about = end->tcp ? kTcp : 0;
      }
      break;
    case S_IFREG:
      // Files that are made up as they are read say that they have no bytes.
      end->lingers = st.st_size == 0 && files::reads_may_wait(fd);
      [[fallthrough]];
    case S_IFBLK:
      end->kind = Kind::kFile;
      known = FdKind::kFile;
      about = static_cast<uint32_t>(end->flags & O_ACCMODE) | (end->lingers ? kLingers : 0);
      break;
    case S_IFCHR:
      end->kind = Kind::kDevice;
      end->device = st.st_rdev;
      if (end->device == files::null_device() && end->writable()) {
        end->kind = Kind::kNull;
      } else {
        look_at_terminal(end);
      }
      break;
    case S_IFDIR:
      end->kind = Kind::kDirectory;
      break;
    default:
      end->kind = Kind::kNone;
  }
  remember_fd(fd, is_standard(fd) ? FdEntry::of(FdKind::kOther) : FdEntry::of(known, about));
  return 0;
}

int check_range(const Endpoint& end, size_t length) {
  // In the kernel's size, which is of 64 bits for a program of 32 too.
  const uint64_t wanted = length;
  if (wanted > INT64_MAX) return EINVAL;
  int64_t at = end.position;
  // No position comes near the limit but by such a length, so that others need not ask for it.
  if (!end.positioned && end.kind == Kind::kFile && wanted > INT64_MAX / 2) {
    at = sys->lseek(end.fd, 0, SEEK_CUR);
  }
  return at < 0 || at > INT64_MAX - static_cast<int64_t>(length) ? EINVAL : 0;
}

bool has_position(const Endpoint& end) { return sys->lseek(end.fd, 0, SEEK_CUR) >= 0; }

bool beyond_file_system(const Endpoint& end, int64_t position) {
  // The smallest limit there is, that of procfs and sysfs.
  if (position < INT32_MAX) return false;
  if (files::is_pseudo_file(end.fd)) return true;
  const KeepErrno keep;
  struct stat st;
  if (sys->fstat(end.fd, &st) == 0 && position < st.st_size) return false;
  return files::beyond_limit(end.fd, position);
}

// Of the memory devices the kernel splices not all both ways.
bool can_be_source(const Endpoint& end) {
  const bool null = end.kind == Kind::kDevice && end.device == files::null_device();
  return end.kind < Kind::kDirectory && end.kind != Kind::kPipe && end.kind != Kind::kNull && !null;
}

bool can_be_sink(const Endpoint& end) {
  const bool full = end.kind == Kind::kDevice && end.device == files::full_device();
  return end.kind < Kind::kDirectory && !full;
}

ssize_t pull(Endpoint& from, const iovec& into) {
  ssize_t n;
  switch (from.kind) {
    case Kind::kFile:
      n = from.positioned ? sys->pread(from.fd, into.iov_base, into.iov_len, from.position)
                          : sys->readv(from.fd, &into, 1);
      break;
    case Kind::kStream:
    case Kind::kMessage:
      if (from.tcp && at_urgent_mark(from.fd)) return from.nonblocking() ? -EAGAIN : 0;
      n = sys->recv(from.fd, into.iov_base, into.iov_len, MSG_DONTWAIT);
      break;
    default:
      n = sys->readv(from.fd, &into, 1);
  }
  if (n < 0) return -errno;
  from.position += n;
  return n;
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
         socket_option(from.fd, SO_DOMAIN, AF_UNIX) == AF_UNIX;
#else
  return from.kind == Kind::kStream;
#endif
}

size_t low_water(const Endpoint& from, size_t length) {
  if (from.kind != Kind::kStream || from.tcp) return 0;
  const int mark = socket_option(from.fd, SO_RCVLOWAT, 1);
  if (mark <= 1 || !heeds_splice_nonblock(from)) return 0;
  return std::min(static_cast<size_t>(mark), length);
}

// A recv of nothing from a unix stream waits as any, and takes nothing; from a TCP socket it hides
// signals, and one of a byte goes past an urgent mark. From a message socket it would take a
// message; a look that copies nothing does not, and is only seen where looks have a place of their
// own, which is also theirs to wait at.
static int wait_for_socket(const Endpoint& from, bool restarts) {
  bool by_recv = restarts && !from.tcp;
#ifdef SO_PEEK_OFF
  if (from.kind == Kind::kMessage && socket_option(from.fd, SO_PEEK_OFF, -1) >= 0) by_recv = false;
#endif
  if (!by_recv) return by_poll::wait_for_socket(from.fd, POLLIN | POLLPRI, restarts);
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
      return wait_for_socket(from, restarts);
    default:
      return by_poll::wait_readable(from.fd, restarts);
  }
}

int wait_writable(const Endpoint& to, bool restarts, unsigned vain) {
  if (to.kind == Kind::kPipe || to.kind == Kind::kStream) {
    return kernel_pipe::wait_writable(to.fd, restarts, vain);
  }
  // A message that had no room has none before poll says so.
  if (to.kind == Kind::kMessage) return by_poll::wait_for_socket(to.fd, POLLOUT, restarts);
  return by_poll::wait_writable(to.fd, restarts);
}

}  // namespace anysplice
