#include "core/carry.h"

#include "core/pipe_lock.h"

namespace anysplice {

bool engine_has_bytes(std::initializer_list<int> fds) {
  const bool held = arena::any_held();
  for (const int fd : fds) {
    const FdEntry entry = fd_entry(fd);
    if (entry.ours() && pipe_of(entry)->where.load(std::memory_order_acquire) == Where::kRing) {
      return true;
    }
    if (held && !entry.no_pipe() && holds_bytes(fd)) return true;
  }
  return false;
}

}  // namespace anysplice
