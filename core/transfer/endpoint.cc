#include "core/transfer/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>

#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/files.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

Kind socket_kind(int fd) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (sys->getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0) return Kind::kNone;
  return type == SOCK_STREAM ? Kind::kStream : Kind::kMessage;
}

int remember(Endpoint* end, Kind kind, int flags) {
  end->kind = kind;
  end->flags = flags;
  end->remembered = true;
  return 0;
}

int wait_by_poll(int fd, short events) { return poll_one(fd, events, -1) < 0 ? -errno : 0; }

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
  if (entry.kind() == FdKind::kStream) return remember(end, Kind::kStream, O_RDWR);
  if (entry.kind() == FdKind::kNull && role == Role::kSink) {
    return remember(end, Kind::kNull, O_WRONLY);
  }
  // What else a file's flags say matters to sinks only.
  if (entry.kind() == FdKind::kFile && role == Role::kSource) {
    return remember(end, Kind::kFile, static_cast<int>(entry.pipe()));
  }
  end->flags = sys->fcntl(fd, F_GETFL, 0);
  if (end->flags < 0 || (end->flags & host::kPathOnly) != 0) return -EBADF;
  if (entry.kind() == FdKind::kFile) {
    end->kind = Kind::kFile;
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
      if (end->kind == Kind::kStream) known = FdKind::kStream;
      break;
    case S_IFREG:
    case S_IFBLK:
      end->kind = Kind::kFile;
      known = FdKind::kFile;
      about = static_cast<uint32_t>(end->flags & O_ACCMODE);
      break;
    case S_IFCHR:
      end->kind = Kind::kDevice;
      end->device = st.st_rdev;
      if (end->device == files::null_device() && end->writable()) {
        end->kind = Kind::kNull;
        known = FdKind::kNull;
      }
      break;
    case S_IFDIR:
      end->kind = Kind::kDirectory;
      break;
    default:
      end->kind = Kind::kNone;
  }
  remember_fd(fd, FdEntry::of(known, about));
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
  if (end.kind == Kind::kDirectory) return position >= int64_t{1} << 40;
  const int64_t kept = sys->lseek(end.fd, 0, SEEK_CUR);
  if (sys->lseek(end.fd, position, SEEK_SET) < 0) return true;
  sys->lseek(end.fd, kept, SEEK_SET);
  return false;
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

ssize_t pull(Endpoint& from, const iovec& into, bool may_wait) {
  ssize_t n;
  switch (from.kind) {
    case Kind::kFile:
      n = from.positioned ? sys->pread(from.fd, into.iov_base, into.iov_len, from.position)
                          : sys->readv(from.fd, &into, 1);
      break;
    case Kind::kStream:
    case Kind::kMessage:
      n = sys->recv(from.fd, into.iov_base, into.iov_len, may_wait ? 0 : MSG_DONTWAIT);
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
      const bool whole = to.kind == Kind::kMessage && !to.nonblocking();
      // A broken stream's SIGPIPE is raised by the caller, once nothing is locked any more.
      const bool quiet = to.kind == Kind::kStream;
      n = sockets::send(to.fd, &message, {.wait = whole, .more = more, .quiet = quiet});
      break;
    }
    default:
      n = sys->writev(to.fd, iov, count);
  }
  if (n < 0) return -errno;
  to.position += n;
  return n;
}

int wait_readable(const Endpoint& from, bool restarts, unsigned vain) {
  if (from.kind == Kind::kPipe) return kernel_pipe::wait_readable(from.fd, restarts, vain);
  if ((from.kind == Kind::kStream || from.kind == Kind::kMessage) && restarts) {
    char byte;
    return sys->recv(from.fd, &byte, 1, MSG_PEEK) < 0 ? -errno : 0;
  }
  return wait_by_poll(from.fd, POLLIN);
}

int wait_writable(const Endpoint& to, bool restarts, unsigned vain) {
  if (to.kind == Kind::kPipe || to.kind == Kind::kStream) {
    return kernel_pipe::wait_writable(to.fd, restarts, vain);
  }
  return wait_by_poll(to.fd, POLLOUT);
}

}  // namespace anysplice
