// vmsplice(2): user memory into a pipe, and a pipe's bytes into user memory.
//
// Into a ring by reference where the memory lasts (lasting_memory.h): what leaves the ring is what
// the memory holds then. Unless it is permanent, a copy is taken all the same, for when it is gone.
// Else by copy, taken at the call.
#include <algorithm>

#include "core/calls/engine.h"
#include "core/calls/front.h"
#include "core/calls/losing_memory.h"
#include "core/calls/vmsplice_as_write.h"
#include "core/memory/iovec_room.h"
#include "core/memory/own_segments.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/pipe/promotion.h"
#include "core/sys/kernel_pipe.h"
#include "core/transfer/flow.h"

namespace anysplice {
namespace {

struct Memory {
  const iovec* iov;
  size_t count;
  size_t total;
  uint64_t call;  // reuse.h
};

// A pipe's own O_NONBLOCK is none of vmsplice's business.
Step stall(Flow& flow, PipeLock& pipe, Step wait) {
  if (flow.moved > 0) return Step::kDone;
  if ((flow.flags & kSpliceNonblock) != 0) return flow.fail(EAGAIN);
  if (pipe.is_ring()) pipe.to_kernel(SettleReason::kWait);
  return wait;
}

// Where a kernel's call on user memory ended.
Step kernel_answer(Flow& flow, PipeLock& pipe, ssize_t n, Step wait) {
  if (n == -EAGAIN) return stall(flow, pipe, wait);
  if (n < 0) return flow.fail(static_cast<int>(-n));
  flow.moved += static_cast<size_t>(n);
  return Step::kDone;
}

// How much of the memory goes in next, and whether by reference.
lasting_memory::Part next_part(const char* at, size_t left) {
  if (!vmsplice_refers()) return {left, lasting_memory::Kind::kPassing};
  return lasting_memory::part_of(at, left);
}

bool refer(Ring& ring, const Ring::Room& room, lasting_memory::Kind kind, const char* at,
           ssize_t length) {
  if (length <= 0 || kind == lasting_memory::Kind::kPassing) return false;
  const auto size = static_cast<size_t>(length);
  if (kind == lasting_memory::Kind::kOwnStack && !note_stack(at, size)) return false;
  ring.refer(room, size, at, Ring::Held::kCopy);
  return true;
}

// Whether it can be left at that: nothing is copied.
bool refer_only(Ring& ring, const Ring::Room& room, lasting_memory::Kind kind, const char* at) {
  if (kind != lasting_memory::Kind::kPermanent) return false;
  ring.refer(room, room.iov.iov_len, at, Ring::Held::kNothing);
  // Another thread may be taking it away, and have looked for references before.
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (lasting_memory::still_permanent()) return true;
  ring.take_back(room);
  return false;
}

Step into_ring(Flow& flow, PipeLock& pipe, const Memory& memory) {
  Ring& ring = pipe.bytes();
  if (pipe.pipe()->descriptors[kRead] == 0) return flow.no_reader();
  if (ring.free() == 0) return stall(flow, pipe, Step::kWaitOut);
  for (size_t i = 0; i < memory.count; ++i) {
    const char* at = static_cast<const char*>(memory.iov[i].iov_base);
    for (size_t left = memory.iov[i].iov_len; left > 0 && ring.free() > 0;) {
      const Losses losses;
      const lasting_memory::Part part = next_part(at, left);
      const Ring::Room room = ring.reserve(part.size, reinterpret_cast<uintptr_t>(at) % kPage);
      if (room.iov.iov_len == 0) {
        if (flow.moved > 0) return Step::kDone;
        pipe.to_kernel(SettleReason::kMemory);
        return Step::kAgain;
      }
      const bool only = memory.call == 0 && refer_only(ring, room, part.kind, at);
      const ssize_t n = only ? static_cast<ssize_t>(room.iov.iov_len)
                             : copy_from_user(room.iov.iov_base, at, room.iov.iov_len);
      bool referred = only || refer(ring, room, part.kind, at, n);
      if (referred && !only && losses.any()) [[unlikely]] {
        ring.take_back(room);
        referred = false;
      }
      if (memory.call != 0 && n > 0) [[unlikely]] {
        ring.watch(room, static_cast<size_t>(n), at, {memory.call, flow.moved, referred});
        reuse::note_followed(static_cast<size_t>(n));
      }
      ring.commit(room, n > 0 ? static_cast<size_t>(n) : 0);
      if (n == -ENOSYS && flow.moved == 0) {
        pipe.to_kernel(SettleReason::kMemory);
        return Step::kAgain;
      }
      if (n < 0) return flow.fail(EFAULT);
      flow.moved += static_cast<size_t>(n);
      if (static_cast<size_t>(n) < room.iov.iov_len) return Step::kDone;
      at += n;
      left -= static_cast<size_t>(n);
    }
  }
  count(stats->ring_bytes, flow.moved);
  return Step::kDone;
}

Step from_engine(Flow& flow, PipeLock& pipe, const Memory& memory) {
  const ssize_t n = copy_out(pipe.bytes(), memory.iov, memory.count);
  if (n == -ENOSYS) {
    return pipe.give_up(SettleReason::kMemory) ? Step::kAgain : flow.fail(ENOMEM);
  }
  if (n < 0) return flow.fail(static_cast<int>(-n));
  flow.moved += static_cast<size_t>(n);
  return Step::kDone;
}

// The same for poll's sake: the wait of a call that O_NONBLOCK does not concern.
ssize_t run_blocking(Flow& flow, auto attempt) {
  for (;;) {
    const ssize_t n = run(flow, attempt);
    if (n != -EAGAIN || (flow.flags & kSpliceNonblock) != 0) return n;
    const int error = wait(flow, flow.in.fd >= 0 ? Step::kWaitIn : Step::kWaitOut, false, 0);
    if (error != 0) return error;
    flow.error = 0;
  }
}

// The part of a segment from `at` on that lies in one page: what takes one slot of a pipe.
size_t piece(const char* at, size_t left) {
  return std::min(left, kPage - reinterpret_cast<uintptr_t>(at) % kPage);
}

// As much of the memory as goes into that many slots, as iovecs. Returns their number.
int part_for(const Memory& memory, size_t slots, iovec* part, int most) {
  int count = 0;
  for (size_t i = 0; i < memory.count && slots > 0 && count < most; ++i) {
    char* base = static_cast<char*>(memory.iov[i].iov_base);
    size_t taken = 0;
    while (taken < memory.iov[i].iov_len && slots > 0) {
      taken += piece(base + taken, memory.iov[i].iov_len - taken);
      --slots;
    }
    if (taken > 0) part[count++] = {base, taken};
  }
  return count;
}

bool whole_pages(const Memory& memory) {
  return std::all_of(memory.iov, memory.iov + memory.count, [](const iovec& segment) {
    return (reinterpret_cast<uintptr_t>(segment.iov_base) | segment.iov_len) % kPage == 0;
  });
}

// A write gives up whatever shares a page of the pipe with a bad address, and says what went in
// before. vmsplice keeps all that is before it: goes on behind what has moved.
[[gnu::noinline]] Step by_pieces(Flow& flow, PipeLock& pipe, const iovec* part, int count) {
  size_t skip = flow.moved;
  for (int i = 0; i < count; ++i) {
    const size_t skipped = std::min(skip, part[i].iov_len);
    skip -= skipped;
    char* at = static_cast<char*>(part[i].iov_base) + skipped;
    for (size_t left = part[i].iov_len - skipped; left > 0;) {
      const iovec one{at, piece(at, left)};
      const ssize_t m = kernel_pipe::write_now(pipe.fd(), &one, 1);
      if (m > 0) flow.moved += static_cast<size_t>(m);
      if (m < static_cast<ssize_t>(one.iov_len)) {
        return flow.moved > 0 ? Step::kDone : flow.fail(EFAULT);
      }
      at += m;
      left -= static_cast<size_t>(m);
    }
  }
  return Step::kDone;
}

Step into_kernel(Flow& flow, PipeLock& pipe, const Memory& memory) {
  pipe.make_room();
  IovecRoom room(memory.count);
  iovec* const part = room.iov();
  // Whole pages take as many slots by a write as by vmsplice, and share none with a bad address.
  const bool whole = whole_pages(memory);
  const size_t slots = whole ? SIZE_MAX : kernel_pipe::free_slots(pipe.fd());
  part[0] = {};  // the compiler cannot know that memory is never empty
  const int count = part_for(memory, slots, part, room.most());
  const ssize_t n = kernel_pipe::write_now(pipe.fd(), part, count);
  if (whole || (n < 0 && n != -EFAULT)) return kernel_answer(flow, pipe, n, Step::kWaitOut);
  flow.moved = static_cast<size_t>(std::max<ssize_t>(n, 0));
  return by_pieces(flow, pipe, part, count);
}

ssize_t into_pipe(Flow& flow, const Memory& memory) {
  return run_blocking(flow, [&](CriticalSection& section) {
    PipeLock pipe(section, flow.out.pipe_seen());
    if (const int error = pipe.lock_for_write(); error != 0) return flow.fail(-error);
    return pipe.is_ring() ? into_ring(flow, pipe, memory) : into_kernel(flow, pipe, memory);
  });
}

ssize_t out_of_pipe(Flow& flow, const Memory& memory) {
  bool kernel_copies = false;  // the engine has no way to
  return run_blocking(flow, [&](CriticalSection& section) {
    PipeLock pipe(section, flow.in.pipe_seen());
    if (const int error = pipe.lock(); error != 0) return flow.fail(-error);
    // A read would lose what it does not take of a packet (pipe(7)).
    if (!pipe.is_ring() && (!pipe.bytes().empty() || (pipe.packets() && !kernel_copies))) {
      pipe.fill(memory.total);
    }
    if (!pipe.bytes().empty()) {
      const Step step = from_engine(flow, pipe, memory);
      kernel_copies = step == Step::kAgain;
      return step;
    }
    if (pipe.is_ring()) {
      return pipe.waits() ? stall(flow, pipe, Step::kWaitIn) : Step::kDone;
    }
    const ssize_t n = kernel_pipe::read_now(flow.in.fd, memory.iov, static_cast<int>(memory.count));
    return kernel_answer(flow, pipe, n, Step::kWaitIn);
  });
}

ssize_t engine_vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  if ((flags & ~kSpliceFlags) != 0) return -EINVAL;
  Flow flow{.in = {}, .out = {}, .length = kMaxTransfer, .flags = flags};
  Endpoint end;
  if (look(fd, &end, Role::kSink) != 0) return -EBADF;
  const OwnSegments own(iov, count);
  if (own.error() != 0) return own.error();
  iov = own.iov();
  const size_t total = own.total();
  if (total == 0) return 0;
  if (end.kind != Kind::kPipe) return -EBADF;
  if (end.writable() && vmsplice_writes()) return vmsplice_as_write(end, iov, count, flags);
  Memory memory{iov, count, total, 0};
  if (end.writable()) {
    flow.out = end;
    memory.call = reuse::begin_call(fd, iov, total, flags);
    const ssize_t n = into_pipe(flow, memory);
    if (memory.call != 0 && n > 0) [[unlikely]]
      reuse::note_moved(static_cast<size_t>(n));
    return n;
  }
  flow.in = end;
  return out_of_pipe(flow, memory);
}

// The first bytes of the segments, as far as so few iovecs hold them; their number.
constexpr size_t kCut = 16;
size_t cut(const iovec* iov, size_t count, size_t length, iovec (&part)[kCut]) {
  size_t used = 0;
  for (; used < std::min(count, kCut) && length > 0; ++used) {
    part[used] = {iov[used].iov_base, std::min(iov[used].iov_len, length)};
    length -= part[used].iov_len;
  }
  return used;
}

size_t length_of(const iovec* iov, size_t count) {
  const KeepErrno keep;
  const OwnSegments own(iov, count);
  return own.error() == 0 ? own.total() : 0;
}

}  // namespace

ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags) {
  const size_t total = inject::on() ? length_of(iov, count) : 0;
  Front call({Call::kVmsplice, {fd, fd}, {iov, nullptr}, count, flags}, total);
  iovec part[kCut];
  if (call.length() < total) {  // injected
    count = cut(iov, count, call.length(), part);
    iov = part;
  }
  if (call.asks_kernel() && call.kernel_answers(sys->vmsplice(fd, iov, count, flags))) {
    expect_references();
    return call.result();
  }
  if (call.asks_engine()) call.engine_answers(engine_vmsplice(fd, iov, count, flags));
  return call.result();
}

}  // namespace anysplice
