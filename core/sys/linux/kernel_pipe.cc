// RWF_NOWAIT (preadv2(2)), F_GETPIPE_SZ and F_SETPIPE_SZ (fcntl(2)), /proc/self/fd (proc(5)).
#include "core/sys/kernel_pipe.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/mman.h>
#include <sys/utsname.h>

#include <atomic>
#include <bit>
#include <optional>

#include "core/base/keep_errno.h"
#include "core/base/text.h"
#include "core/sys/critical_section.h"
#include "core/sys/page.h"
#include "core/sys/posix/ask_first.h"
#include "core/sys/posix/by_poll.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sys.h"
#include "core/sys/transient_descriptor.h"

namespace anysplice::kernel_pipe {
namespace {

// Whether the system knows RWF_NOWAIT on pipes; FIFOs and older kernels do not. gVisor takes the
// flag and waits all the same; it says that it is Linux 4.4, which did not have it for pipes.
enum Nowait : int { kUnknown, kThere, kMissing };
std::atomic<int> nowait{kUnknown};

bool has_nowait() {
  int known = nowait.load(std::memory_order_relaxed);
  if (known != kUnknown) [[likely]]
    return known == kThere;
  utsname system;
  const bool old = uname(&system) == 0 && system.release[0] < '5' && system.release[1] == '.';
  const int seen = old ? kMissing : kThere;
  return (nowait.compare_exchange_strong(known, seen) ? seen : known) == kThere;
}

// Whether an errno says that there is no such thing, and for this pipe only or for all.
bool unknown_flag(int error) {
  if (error != EOPNOTSUPP && error != ENOSYS && error != EPERM) return false;
  if (error != EOPNOTSUPP) nowait.store(kMissing, std::memory_order_relaxed);
  return true;
}

// Waits by poll, which no handler restarts.
int poll_for(int fd, short events) { return poll_one(fd, events, -1) < 0 ? -errno : 0; }

// Whether the wait that has just ended was none: the system looks at the address before it looks
// whether there is anything to do (qemu-user; gVisor, of sockets). Not asked before waits have been
// in vain so often, as others are seldom faster: an ordinary wait costs nothing more.
bool has_not_waited(int fd, short events, unsigned vain) {
  constexpr unsigned kOften = 8;
  return vain >= kOften && ask_first::ready(fd, events) == -EAGAIN;
}

// An address that no access is allowed to: the buffer of a call that is to wait but not to move.
void* fault_page() {
  static std::atomic<void*> page;
  void* now = page.load(std::memory_order_relaxed);
  if (now != nullptr) return now;
  const KeepErrno keep;
  void* fresh = sys->mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  // Without a page of our own the null page serves: nothing is mapped there but on purpose.
  if (fresh == MAP_FAILED) return nullptr;
  if (!page.compare_exchange_strong(now, fresh)) {
    sys->munmap(fresh, kPage);
    return now;
  }
  return fresh;
}

// Whether a write from a bad address leaves an empty buffer in a pipe, in the room that was waited
// for (Linux 6.1 does that, 6.18 does not). Looked at once, at a pipe of one buffer that no fork
// gives away; if there is no descriptor for it: yes.
bool leaves_traces() {
  enum { kNotSeen, kYes, kNo };
  static std::atomic<int> known{kNotSeen};
  if (const int now = known.load(std::memory_order_relaxed); now != kNotSeen) return now == kYes;
  const KeepErrno keep;
  const CriticalSection section(Signals::kBlocked);
  const TransientDescriptor moment;
  int fd[2];
  if (sys->pipe2(fd, O_NONBLOCK | O_CLOEXEC) != 0) return true;
  const bool small = sys->fcntl(fd[1], F_SETPIPE_SZ, kPage) > 0;
  sys->write(fd[1], fault_page(), 1);
  const bool seen = !small || ask_first::ready(fd[1], POLLOUT) != 0;
  for (const int end : fd) sys->close(end);
  known.store(seen ? kYes : kNo, std::memory_order_relaxed);
  return seen;
}

// For one call without RWF_NOWAIT: the same end, opened once more with O_NONBLOCK if fd has not got
// that, so that the call does not wait even if others were faster. What it writes are packets if
// fd's writes are. Without /proc, or a free number, it is fd itself.
class Unwaiting {
 public:
  Unwaiting(int fd, int mode) : fd_(fd) {
    const int flags = sys->fcntl(fd, F_GETFL, 0);
    waits_ = flags < 0 || (flags & O_NONBLOCK) == 0;
    if (!waits_ || flags < 0) return;
    moment_.emplace();
    opened_ = open_end(fd, mode, (flags & host::kPackets) != 0);
  }
  ~Unwaiting() {
    const KeepErrno keep;
    if (opened_ >= 0) sys->close(opened_);
  }
  Unwaiting(const Unwaiting&) = delete;
  Unwaiting& operator=(const Unwaiting&) = delete;

  int fd() const { return opened_ >= 0 ? opened_ : fd_; }
  // Whether a call would wait all the same.
  bool waits() const { return waits_ && opened_ < 0; }

 private:
  int fd_;
  bool waits_ = false;
  int opened_ = -1;
  std::optional<TransientDescriptor> moment_;
};

}  // namespace

size_t slots_if_pipe(int fd) {
  const KeepErrno keep;
  const int size = sys->fcntl(fd, F_GETPIPE_SZ, 0);
  return size <= 0 ? 0 : static_cast<size_t>(size) / kPage;
}

size_t slots(int fd) {
  const size_t known = slots_if_pipe(fd);
  return known == 0 ? 16 : known;
}

bool enlarge(int fd, size_t bytes) {
  return sys->fcntl(fd, F_SETPIPE_SZ, static_cast<long>(std::bit_ceil(bytes))) > 0;
}

bool opens_ends() { return true; }

// open(2) takes O_DIRECT for no pipe, fcntl(2) does.
int open_end(int fd, int mode, bool packets) {
  char path[32] = "/proc/self/fd/";
  append_number(path, static_cast<size_t>(fd));
  const int opened = sys->open(path, mode | O_NONBLOCK | O_CLOEXEC, 0);
  if (opened >= 0 && packets) sys->fcntl(opened, F_SETFL, O_NONBLOCK | host::kPackets);
  return opened;
}

ssize_t read_now(int fd, const iovec* iov, int count) {
  if (has_nowait()) {
    const ssize_t n = sys->preadv2(fd, iov, count, -1, RWF_NOWAIT);
    if (n >= 0) return n;
    if (!unknown_flag(errno)) return -errno;
  }
  // poll does not tell a pipe that never had a writer, since fd was opened, from one that has some.
  const Unwaiting unwaiting(fd, O_RDONLY);
  if (unwaiting.waits()) {
    if (const int error = ask_first::ready(fd, POLLIN); error != 0) return error;
  }
  const ssize_t n = sys->readv(unwaiting.fd(), iov, count);
  return n < 0 ? -errno : n;
}

ssize_t write_now(int fd, const iovec* iov, int count) {
  if (has_nowait()) {
    const ssize_t n = sys->pwritev2(fd, iov, count, -1, RWF_NOWAIT);
    if (n >= 0) return n;
    if (!unknown_flag(errno)) return -errno;
  }
  if (const int error = ask_first::ready(fd, POLLOUT); error != 0) return error;
  return ask_first::write(Unwaiting(fd, O_WRONLY).fd(), iov, count, slots(fd) * kPage);
}

int readable(int fd) {
  const KeepErrno keep;
  const iovec nowhere{fault_page(), 1};
  const ssize_t n = read_now(fd, &nowhere, 1);
  return n == -EFAULT ? 0 : n == 0 ? -ENODATA : static_cast<int>(n);
}

// A read into inaccessible memory waits as any read does, and fails with EFAULT, taking nothing,
// once there is something to read; a write from there likewise.
int wait_readable(int fd, bool restarts, unsigned vain) {
  if (!restarts) return poll_for(fd, POLLIN);
  const ssize_t n = sys->read(fd, fault_page(), 1);
  if (n < 0 && errno != EFAULT) return -errno;
  return has_not_waited(fd, POLLIN, vain) ? by_poll::wait_readable(fd, true) : 0;
}

int wait_writable(int fd, bool restarts, unsigned vain) {
  if (!restarts) return poll_for(fd, POLLOUT);
  if (leaves_traces() && slots_if_pipe(fd) > 0) return by_poll::wait_writable(fd, true);
  // A whole page: one byte would find room in a last page that has some, beside a full pipe.
  const ssize_t n = sys->write(fd, fault_page(), kPage);
  if (n < 0 && errno != EFAULT) return -errno;
  return has_not_waited(fd, POLLOUT, vain) ? by_poll::wait_writable(fd, true) : 0;
}

}  // namespace anysplice::kernel_pipe
