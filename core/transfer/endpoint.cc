#include "core/transfer/endpoint.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <termios.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/fd/own_description.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/files.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/by_poll.h"
#include "core/sys/sockets.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

// What a table entry says besides the kind.
constexpr uint32_t kTcp = 1;      // of a stream
constexpr uint32_t kLingers = 4;  // of a file; below it is the access mode

Kind socket_kind(int fd) {
  const int type = sockets::option(fd, SO_TYPE, -1);
  if (type == -1) return Kind::kNone;
  return type == SOCK_STREAM ? Kind::kStream : Kind::kMessage;
}

bool is_tcp(int fd) {
#ifdef SO_PROTOCOL
  return sockets::option(fd, SO_PROTOCOL, 0) == IPPROTO_TCP;
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
  end->changes = number_changes::of(fd);
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
    if (role == Role::kSinkOfFile && !held_bytes::any())
      end->slots = kernel_pipe::slots_if_pipe(fd);
    if (end->slots > 0 || pipe_id(fd, &end->pipe)) return 0;
    // Closed, and given to something else, behind our back.
    set_fd_entry(fd, entry = {});
    *end = {};
    end->fd = fd;
    end->changes = number_changes::of(fd);
  }
  const bool stream = entry.kind() == FdKind::kStream;
  const bool file = entry.kind() == FdKind::kFile;
  const bool null = entry.kind() == FdKind::kNull && role != Role::kSource;
  const bool alone = own_description::marked(entry);
  const uint32_t forgotten = own_description::times_forgotten();
  end->remembered = stream || file || (null && alone);
  // Of a sink anybody who has it too can set O_APPEND.
  if (end->remembered && (role == Role::kSource || alone)) {
    end->flags = stream ? O_RDWR : static_cast<int>(entry.pipe()) & O_ACCMODE;
  } else {
    end->flags = sys->fcntl(fd, F_GETFL, 0);
    if (end->flags < 0 || (end->flags & host::kPathOnly) != 0) return -EBADF;
  }
  if (end->remembered) {
    end->kind = stream ? Kind::kStream : null ? Kind::kNull : Kind::kFile;
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
      end->sized = st.st_size > 0;
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
        known = FdKind::kNull;
        about = static_cast<uint32_t>(end->flags & O_ACCMODE);
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
  if (is_standard(fd)) known = FdKind::kOther;
  if (alone && (end->flags & O_APPEND) == 0) about |= own_description::kMark;
  remember_fd(fd, FdEntry::of(known, about));
  if (own_description::times_forgotten() != forgotten) {
    remember_fd(fd, FdEntry::of(known, about & ~own_description::kMark));
  }
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

bool has_position(const Endpoint& end) { return end.sized || sys->lseek(end.fd, 0, SEEK_CUR) >= 0; }

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

}  // namespace anysplice
