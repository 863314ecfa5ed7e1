// Where a call on a descriptor has to go: the question every intercepted read, write or poll asks
// first. Wait-free; two loads for a descriptor that is no business of ours.
#ifndef ANYSPLICE_CORE_PIPE_ROUTE_H_
#define ANYSPLICE_CORE_PIPE_ROUTE_H_

#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_table.h"

namespace anysplice {

enum class Route {
  kKernel,     // straight to libc
  kCandidate,  // to libc, but counted while it may wait there
  kRing,       // its bytes are in a ring
  kHeld,       // a kernel pipe that may have bytes held in front
};

inline Route route(FdEntry entry) {
  if (entry.no_pipe()) return Route::kKernel;
  switch (entry.kind()) {
    case FdKind::kReadEnd:
    case FdKind::kWriteEnd:
      switch (pipe_of(entry)->state.load(std::memory_order_acquire)) {
        case PipeState::kCandidate:
          return Route::kCandidate;
        case PipeState::kRing:
          return Route::kRing;
        default:
          break;
      }
      [[fallthrough]];
    default:
      return held_bytes::any() ? Route::kHeld : Route::kKernel;
  }
}

// The hot path's answers, true for nearly every call there is: a read, or a write, of this
// descriptor is none of the engine's business.
inline bool reads_pass(int fd) {
  const FdEntry entry = fd_entry(fd);
  return entry.no_pipe() || (entry.kind() == FdKind::kUnknown && !held_bytes::any());
}
inline bool writes_pass(int fd) { return !fd_entry(fd).ours(); }

// Counts a call that may wait in the kernel on a candidate, so that it gets no ring meanwhile.
class InKernel {
 public:
  explicit InKernel(FdEntry entry) : pipe_(pipe_of(entry)) {
    pipe_->in_kernel.fetch_add(1, std::memory_order_seq_cst);
  }
  ~InKernel() { pipe_->in_kernel.fetch_sub(1, std::memory_order_seq_cst); }
  InKernel(const InKernel&) = delete;
  InKernel& operator=(const InKernel&) = delete;

  // Whether the pipe still is a candidate, or at least none of a ring's, now that we are counted.
  bool candidate() const { return state() == PipeState::kCandidate; }
  bool safe() const { return state() != PipeState::kRing; }

 private:
  PipeState state() const { return pipe_->state.load(std::memory_order_seq_cst); }

  Pipe* pipe_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_ROUTE_H_
