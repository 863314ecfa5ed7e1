#include "core/inject/situation.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/pipe/pipe_table.h"
#include "core/sys/files.h"
#include "core/sys/splice_flags.h"
#include "core/sys/sys.h"

namespace anysplice::inject {
namespace {

struct End {
  Kinds kind = 0;
  int flags = 0;
  bool message = false;  // takes a write as a whole

  bool readable() const { return (flags & O_ACCMODE) != O_WRONLY; }
  bool writable() const { return (flags & O_ACCMODE) != O_RDONLY; }
  bool nonblocking() const { return (flags & O_NONBLOCK) != 0 && kind != kFile && kind != kProc; }
};

bool takes_messages(int socket) {
  int type = SOCK_STREAM;
  socklen_t size = sizeof(type);
  return sys->getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type != SOCK_STREAM;
}

End look_at_end(int fd) {
  End end;
  struct stat st;
  end.flags = sys->fcntl(fd, F_GETFL, 0);
  if (end.flags < 0 || (end.flags & host::kPathOnly) != 0 || sys->fstat(fd, &st) != 0) return {};
  switch (st.st_mode & S_IFMT) {
    case S_IFIFO:
      end.kind = kPipe;
      break;
    case S_IFREG:
      end.kind = files::is_pseudo_file(fd) ? kProc : kFile;
      break;
    case S_IFBLK:
      end.kind = kFile;
      break;
    case S_IFSOCK:
      end.kind = kSocket;
      end.message = takes_messages(fd);
      break;
    case S_IFCHR:
      end.kind = isatty(fd) != 0 ? kTty : kDevice;
      end.message = end.kind == kDevice;
      break;
    default:
      end.kind = kOther;
  }
  return end;
}

// Whether the call works on such ends at all: errors of the arguments come first.
bool fit(Call call, Kinds in, Kinds out) {
  switch (call) {
    case Call::kSplice:
      return in == kPipe || out == kPipe;
    case Call::kTee:
      return in == kPipe && out == kPipe;
    case Call::kVmsplice:
      return in == kPipe || out == kPipe;
    case Call::kSendfile:
      return in != kPipe && in != kOther;
    case Call::kCopyFileRange:
      return (in == kFile || in == kProc) && out == kFile;
  }
  return false;
}

size_t unread(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (entry.ours() && pipe_of(entry)->state.load(std::memory_order_acquire) == PipeState::kRing) {
    return pipe_of(entry)->ring.bytes();
  }
  int bytes = 0;
  return sys->ioctl(fd, FIONREAD, &bytes) == 0 ? static_cast<size_t>(bytes) : 0;
}

}  // namespace

Situation look_at(const Attempt& attempt, size_t length) {
  Situation now{.call = attempt.call, .length = length};
  End in = look_at_end(attempt.in);
  End out;
  // A pipe's own O_NONBLOCK is none of vmsplice's business.
  const bool flag = (attempt.flags & kSpliceNonblock) != 0 && attempt.call != Call::kSendfile;
  if (attempt.call == Call::kVmsplice) {
    out = in;
    (in.writable() ? in : out).kind = in.kind != 0 ? kMemory : Kinds{0};
    now.valid = fit(attempt.call, in.kind, out.kind);
    now.refuses = flag;
    now.sleeps = !flag;
  } else {
    out = look_at_end(attempt.out);
    now.valid = in.kind != 0 && out.kind != 0 && in.readable() && out.writable() &&
                fit(attempt.call, in.kind, out.kind);
    // A file is waited for in a sleep that no signal ends.
    const Kinds slow = kPipe | kSocket | kTty | kDevice;
    const bool from = attempt.call != Call::kSendfile && (in.kind & slow) != 0;
    const bool to = (out.kind & slow) != 0;
    now.refuses = (from || to) && (flag || (from && in.nonblocking()) || (to && out.nonblocking()));
    now.sleeps = (from || to) && !now.refuses;
  }
  now.in = in.kind;
  now.out = out.kind;
  now.whole = in.message || out.message;
  return now;
}

bool may_wait(const Attempt& attempt, const Situation& situation) {
  const int out = attempt.call == Call::kVmsplice ? attempt.in : attempt.out;
  if (situation.in == kPipe && unread(attempt.in) == 0) return true;
  if ((situation.in & (kSocket | kTty | kDevice)) != 0) return true;
  // Of a pipe only an empty one is sure to have room.
  if (situation.out == kPipe) return unread(out) != 0;
  return (situation.out & (kSocket | kTty | kDevice)) != 0;
}

}  // namespace anysplice::inject
