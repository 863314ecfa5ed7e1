#include "core/calls/dispatch.h"

#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"

namespace anysplice {

bool engine_has_bytes(std::initializer_list<int> fds) {
  const bool held = held_bytes::any();
  for (const int fd : fds) {
    const FdEntry entry = fd_entry(fd);
    if (entry.ours() && pipe_of(entry)->state.load(std::memory_order_acquire) == PipeState::kRing) {
      return true;
    }
    if (held && !entry.no_pipe() && (holds_bytes(fd) || turns::begun(pipe_key_of(fd)))) return true;
  }
  return false;
}

}  // namespace anysplice
