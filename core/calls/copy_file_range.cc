// copy_file_range(2). The kernel answers, unless the engine is asked to copy by itself: nobody can
// know why a program wanted a copy made in this way, and most go on by read and write if they
// cannot have it (docs/ci.md). Only errors after which some of them give up become one after which
// all of them go on.
#include <signal.h>
#include <sys/resource.h>

#include <algorithm>

#include "core/calls/engine.h"
#include "core/calls/front.h"
#include "core/memory/user_memory.h"
#include "core/sys/thread.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// That of a filter, and of file systems that have the call and do not mean it.
bool is_refusal(int error) { return error == EPERM || error == EACCES || error == EOPNOTSUPP; }

ssize_t kernel_copy(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t length,
                    unsigned flags) {
  const bool repairs = mode() != Mode::kNative;
  if (repairs && known_refused(Call::kCopyFileRange)) {
    errno = EXDEV;
    return -1;
  }
  const ssize_t n = sys->copy_file_range(fd_in, off_in, fd_out, off_out, length, flags);
  if (n < 0 && repairs && is_refusal(errno)) errno = EXDEV;
  return n;
}

// Where an end begins: at the offset, or at its own position.
int64_t start_of(const Endpoint& end, const int64_t* offset) {
  return offset != nullptr ? *offset : sys->lseek(end.fd, 0, SEEK_CUR);
}

// What both ends must be, in the kernel's order: 0 or an errno.
int check_files(const Endpoint& in, const Endpoint& out, struct stat* in_st, struct stat* out_st) {
  if (sys->fstat(in.fd, in_st) != 0 || sys->fstat(out.fd, out_st) != 0) return EBADF;
  if (S_ISDIR(in_st->st_mode) || S_ISDIR(out_st->st_mode)) return EISDIR;
  if (!S_ISREG(in_st->st_mode) || !S_ISREG(out_st->st_mode)) return EINVAL;
  if (!in.readable() || !out.writable() || (out.flags & O_APPEND) != 0) return EBADF;
  return in_st->st_dev != out_st->st_dev ? EXDEV : 0;
}

// Cuts the length to what the limit on file sizes leaves: 0 or an errno.
int limit_size(const Endpoint& out, size_t* length) {
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
    const auto most = static_cast<int64_t>(limit.rlim_cur);
    if (out.position >= most) {
      thread::raise_as_kernel(SIGXFSZ);
      return EFBIG;
    }
    *length = static_cast<size_t>(
        std::min<uint64_t>(*length, static_cast<uint64_t>(most - out.position)));
  }
  return beyond_file_system(out, out.position) ? EFBIG : 0;
}

// The range, cut to what there is to be copied: 0 or an errno.
int check_ranges(Flow& flow, const struct stat& in_st, const struct stat& out_st) {
  // As numbers without a sign, as the kernel adds them.
  uint64_t end;
  if (__builtin_add_overflow(static_cast<uint64_t>(flow.in.position), flow.length, &end) ||
      __builtin_add_overflow(static_cast<uint64_t>(flow.out.position), flow.length, &end)) {
    return EOVERFLOW;
  }
  const int64_t left = in_st.st_size - flow.in.position;
  flow.length = left <= 0 ? 0 : static_cast<size_t>(std::min<uint64_t>(flow.length, left));
  if (const int error = limit_size(flow.out, &flow.length); error != 0) return error;
  const auto length = static_cast<int64_t>(flow.length);
  if (in_st.st_ino == out_st.st_ino && flow.out.position + length > flow.in.position &&
      flow.out.position < flow.in.position + length) {
    return EINVAL;
  }
  return flow.in.position < 0 || flow.out.position < 0 ? EINVAL : 0;
}

// The offsets are those given by the caller, if any, and afterwards those to report.
ssize_t copy_range(Flow& flow, int64_t* in_at, int64_t* out_at, unsigned flags) {
  if (flags != 0) return -EINVAL;
  struct stat in_st, out_st;
  if (const int error = check_files(flow.in, flow.out, &in_st, &out_st); error != 0) return -error;
  flow.in.positioned = flow.out.positioned = true;
  const int64_t from = flow.in.position = start_of(flow.in, in_at);
  const int64_t to = flow.out.position = start_of(flow.out, out_at);
  if (const int error = check_ranges(flow, in_st, out_st); error != 0) return -error;
  flow.length = std::min(flow.length, kMaxTransfer);
  if (flow.length == 0) return 0;
  const ssize_t moved = move_through_memory(flow);
  if (moved <= 0) return moved;
  if (in_at != nullptr) *in_at = from + moved;
  if (out_at != nullptr) *out_at = to + moved;
  if (in_at == nullptr) sys->lseek(flow.in.fd, from + moved, SEEK_SET);
  if (out_at == nullptr) sys->lseek(flow.out.fd, to + moved, SEEK_SET);
  return moved;
}

ssize_t engine_copy(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t length,
                    unsigned flags) {
  const deferral::NoCancellation no_cancellation;
  Flow flow{.in = {}, .out = {}, .length = length, .flags = 0};
  if (look(fd_in, &flow.in, Role::kSource) != 0) return -EBADF;
  if (look(fd_out, &flow.out, Role::kSink) != 0) return -EBADF;
  int64_t in_at = 0, out_at = 0;
  if (off_in != nullptr && load_offset(off_in, &in_at) != 0) return -EFAULT;
  if (off_out != nullptr && load_offset(off_out, &out_at) != 0) return -EFAULT;
  const ssize_t moved = copy_range(flow, off_in != nullptr ? &in_at : nullptr,
                                   off_out != nullptr ? &out_at : nullptr, flags);
  if (moved <= 0) return moved;
  // Both, even if one cannot be.
  bool stored = off_in == nullptr || store_offset(off_in, in_at) == 0;
  stored = (off_out == nullptr || store_offset(off_out, out_at) == 0) && stored;
  return stored ? moved : -EFAULT;
}

}  // namespace

ssize_t copy_file_range(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t len,
                        unsigned flags) {
  Front call({Call::kCopyFileRange, {fd_in, fd_out}, {off_in, off_out}, len, flags}, len);
  const size_t allowed = call.length();
  if (call.asks_kernel() &&
      call.kernel_answers(kernel_copy(fd_in, off_in, fd_out, off_out, allowed, flags))) {
    return call.result();
  }
  if (call.asks_engine()) {
    call.engine_answers(engine_copy(fd_in, off_in, fd_out, off_out, allowed, flags));
  }
  return call.result();
}

}  // namespace anysplice
