// sendfile(2).
#include <algorithm>

#include "core/calls/engine.h"
#include "core/calls/front.h"
#include "core/memory/user_memory.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

// The transfer from and to checked ends; flow.in is positioned unless it has no positions.
ssize_t transfer(Flow& flow) {
  if (flow.out.kind == Kind::kPipe) {
    // O_NONBLOCK of the source is nothing to sendfile, not even if it is a pipe (and so refused).
    if (flow.in.kind == Kind::kPipe) {
      flow.in.flags &= ~O_NONBLOCK;
      flow.in.remembered = false;
    }
    return move_into_pipe(flow);
  }
  const bool socket = flow.in.kind == Kind::kStream || flow.in.kind == Kind::kMessage;
  if (socket || flow.in.kind == Kind::kPipe || !has_position(flow.in)) return -EINVAL;
  if (flow.length == 0) return 0;
  if (!can_be_source(flow.in)) return -EINVAL;
  return move_through_memory(flow);
}

// The checks of the ends, in the kernel's order: 0 or an errno.
int check_ends(Flow& flow, int fd_out, int fd_in, const int64_t* offset, size_t length) {
  if (look(fd_in, &flow.in, Role::kSource) != 0 || !flow.in.readable()) return EBADF;
  if (offset != nullptr) {
    if (!flow.in.seekable()) return ESPIPE;
    flow.in.positioned = true;
    flow.in.position = *offset;
  }
  if (const int error = check_range(flow.in, length); error != 0) return error;
  if (look(fd_out, &flow.out, Role::kSink) != 0 || !flow.out.writable()) return EBADF;
  if (offset != nullptr && beyond_file_system(flow.in, *offset)) return EOVERFLOW;
  if (const int error = check_range(flow.out, flow.length); error != 0) return error;
  return flow.out.kind != Kind::kPipe && (flow.out.flags & O_APPEND) != 0 ? EINVAL : 0;
}

// *offset is the position given by the caller, and afterwards the one to report.
ssize_t engine_sendfile(int fd_out, int fd_in, int64_t* offset, size_t length) {
  const deferral::NoCancellation no_cancellation;
  Flow flow{.in = {}, .out = {}, .length = std::min(length, kMaxTransfer), .flags = 0};
  const int error = check_ends(flow, fd_out, fd_in, offset, length);
  if (error != 0) return -error;
  // The file's own position is read here and set at the end, so that a sink which shares it (the
  // file itself) does not disturb the source.
  const bool own_position = offset == nullptr && flow.in.kind == Kind::kFile;
  const int64_t start = own_position ? sys->lseek(fd_in, 0, SEEK_CUR) : flow.in.position;
  flow.in.positioned = own_position || offset != nullptr;
  flow.in.position = start;
  const ssize_t moved = transfer(flow);
  // (Of a number that names another file by now that is where it was.)
  if (moved > 0 && own_position && names_the_same(flow.in))
    sys->lseek(fd_in, start + moved, SEEK_SET);
  if (moved > 0 && offset != nullptr && flow.in.kind == Kind::kFile) *offset = start + moved;
  return moved;
}

// The kernel reads the offset before all else, and writes it back whatever came of the call.
ssize_t with_offset(int fd_out, int fd_in, int64_t* offset, size_t length) {
  if (offset == nullptr) return engine_sendfile(fd_out, fd_in, nullptr, length);
  int64_t at = 0;
  if (load_offset(offset, &at) != 0) return -EFAULT;
  const ssize_t moved = engine_sendfile(fd_out, fd_in, &at, length);
  return store_offset(offset, at) == 0 ? moved : -EFAULT;
}

}  // namespace

ssize_t sendfile(int fd_out, int fd_in, int64_t* offset, size_t length) {
  Front call({Call::kSendfile, {fd_in, fd_out}, {offset, nullptr}, length, 0}, length);
  const size_t allowed = call.length();
  if (call.asks_kernel() && call.kernel_answers(sys->sendfile64(fd_out, fd_in, offset, allowed))) {
    return call.result();
  }
  if (call.asks_engine()) call.engine_answers(with_offset(fd_out, fd_in, offset, allowed));
  return call.result();
}

}  // namespace anysplice
