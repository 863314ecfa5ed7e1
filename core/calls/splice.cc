// splice(2) and tee(2): the checks, in the kernel's order, and the choice of who carries.
#include <algorithm>

#include "core/calls/engine.h"
#include "core/calls/front.h"
#include "core/memory/user_memory.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// The rules for a file, socket or device at the end of a splice whose other end is a pipe.
int check_end(Endpoint& end, const int64_t* offset, size_t length) {
  if (offset != nullptr) {
    if (!end.seekable()) return EINVAL;
    end.positioned = true;
    end.position = *offset;
  }
  return check_range(end, length);
}

int check_sink(Endpoint& out, const int64_t* offset, size_t length) {
  if ((out.flags & O_APPEND) != 0) return EINVAL;
  if (const int error = check_end(out, offset, length); error != 0) return error;
  return can_be_sink(out) ? 0 : EINVAL;
}

ssize_t engine_splice(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t length,
                      unsigned flags) {
  if (length == 0) return 0;
  if ((flags & ~kSpliceFlags) != 0) return -EINVAL;
  Flow flow{.in = {}, .out = {}, .length = std::min(length, kMaxTransfer), .flags = flags};
  if (look(fd_in, &flow.in, Role::kSource) != 0) return -EBADF;
  const Role sink = flow.in.kind == Kind::kFile ? Role::kSinkOfFile : Role::kSink;
  if (look(fd_out, &flow.out, sink) != 0) return -EBADF;
  const bool from_pipe = flow.in.kind == Kind::kPipe;
  const bool to_pipe = flow.out.kind == Kind::kPipe;
  if ((from_pipe && off_in != nullptr) || (to_pipe && off_out != nullptr)) return -ESPIPE;
  int64_t in_at = 0;
  int64_t out_at = 0;
  if (off_out != nullptr && load_offset(off_out, &out_at) != 0) return -EFAULT;
  if (off_in != nullptr && load_offset(off_in, &in_at) != 0) return -EFAULT;
  if (!flow.in.readable() || !flow.out.writable()) return -EBADF;
  if (from_pipe && to_pipe) return move_between_pipes(flow);
  if (!from_pipe && !to_pipe) return -EINVAL;
  const int error = from_pipe ? check_sink(flow.out, off_out != nullptr ? &out_at : nullptr, length)
                              : check_end(flow.in, off_in != nullptr ? &in_at : nullptr, length);
  if (error != 0) return -error;
  const ssize_t moved = from_pipe ? move_out_of_pipe(flow) : move_into_pipe(flow);
  if (moved < 0) return moved;
  // A device takes an offset and does not advance it.
  if (off_in != nullptr) {
    const int64_t end = flow.in.kind == Kind::kFile ? in_at + moved : in_at;
    if (store_offset(off_in, end) != 0) return -EFAULT;
  }
  if (off_out != nullptr) {
    const int64_t end = flow.out.kind == Kind::kFile ? out_at + moved : out_at;
    if (store_offset(off_out, end) != 0) return -EFAULT;
  }
  return moved;
}

ssize_t engine_tee(int fd_in, int fd_out, size_t length, unsigned flags) {
  if ((flags & ~kSpliceFlags) != 0) return -EINVAL;
  if (length == 0) return 0;
  Flow flow{.in = {}, .out = {}, .length = std::min(length, kMaxTransfer), .flags = flags};
  if (look(fd_in, &flow.in, Role::kSource) != 0 || look(fd_out, &flow.out, Role::kSink) != 0)
    return -EBADF;
  if (!flow.in.readable() || !flow.out.writable()) return -EBADF;
  if (flow.in.kind != Kind::kPipe || flow.out.kind != Kind::kPipe) return -EINVAL;
  return link_between_pipes(flow);
}

}  // namespace

ssize_t splice(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t length,
               unsigned flags) {
  Front call({Call::kSplice, {fd_in, fd_out}, {off_in, off_out}, length, flags}, length);
  const size_t allowed = call.length();
  if (call.asks_kernel() &&
      call.kernel_answers(sys->splice(fd_in, off_in, fd_out, off_out, allowed, flags))) {
    return call.result();
  }
  if (call.asks_engine()) {
    call.engine_answers(engine_splice(fd_in, off_in, fd_out, off_out, allowed, flags));
  }
  return call.result();
}

ssize_t tee(int fd_in, int fd_out, size_t length, unsigned flags) {
  Front call({Call::kTee, {fd_in, fd_out}, {}, length, flags}, length);
  const size_t allowed = call.length();
  if (call.asks_kernel() && call.kernel_answers(sys->tee(fd_in, fd_out, allowed, flags))) {
    return call.result();
  }
  if (call.asks_engine()) call.engine_answers(engine_tee(fd_in, fd_out, allowed, flags));
  return call.result();
}

}  // namespace anysplice
