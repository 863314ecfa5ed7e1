#include "core/calls/dispatch.h"

#include "core/pipe/pipe_lock.h"

namespace anysplice {

bool engine_has_bytes(std::initializer_list<int> fds) {
  const bool held = arena::any_held();
  for (const int fd : fds) {
    const FdEntry entry = fd_entry(fd);
    if (entry.ours() && pipe_of(entry)->state.load(std::memory_order_acquire) == PipeState::kRing) {
      return true;
    }
    if (held && !entry.no_pipe() && holds_bytes(fd)) return true;
  }
  return false;
}

}  // namespace anysplice
