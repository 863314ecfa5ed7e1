#include "core/calls/asleep_in_kernel.h"

#include "core/pipe/pipe_table.h"
#include "core/pipe/turns.h"

namespace anysplice {

void AsleepInKernel::Side::begin(int fd) {
  const FdEntry entry = own_fd_entry(fd);
  if (entry.no_pipe()) return;
  if (entry.ours()) {
    Pipe& pipe = *pipe_of(entry);
    in_kernel_.emplace(entry);
    // Not asked for if it is not known: that would be a system call.
    sleeper_.emplace(pipe.key.load(std::memory_order_relaxed));
    if (entry.kind() == FdKind::kReadEnd) reader_.emplace(pipe.readers_in_flight());
    return;
  }
  // Of an unknown descriptor it may be any pipe.
  sleeper_.emplace(entry.kind() == FdKind::kPipe ? entry.pipe() : kAnyPipe);
  if (entry.kind() == FdKind::kPipe) reader_.emplace(turns::readers_here(entry.pipe()));
}

}  // namespace anysplice
