#include "core/pipe/pipe_identity.h"

#include "core/base/keep_errno.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice {

void remember_pipe(int fd, PipeId id) {
  // Others may have it, or sleep in a call that was not counted.
  if (arena::may_be_shared() || thread::others() == thread::Others::kSome) arena::mark_exposed(id);
  remember_fd(fd, FdEntry::of(FdKind::kPipe, arena::sleep_key(id)));
}

bool pipe_id(int fd, PipeId* id) {
  struct stat st;
  if (sys->fstat(fd, &st) != 0) return false;
  const bool pipe = S_ISFIFO(st.st_mode);
  if (pipe) *id = {static_cast<uint64_t>(st.st_dev), st.st_ino};
  if (fd_entry(fd).kind() == FdKind::kUnknown) {
    if (pipe) {
      remember_pipe(fd, *id);
    } else {
      remember_fd(fd, FdEntry::of(FdKind::kOther));
    }
  }
  return pipe;
}

uint32_t sleep_key_of(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (entry.kind() == FdKind::kPipe) return entry.pipe();
  if (!entry.ours()) return arena::kAnyPipe;
  std::atomic<uint32_t>& known = pipe_of(entry)->sleep_key;
  uint32_t key = known.load(std::memory_order_relaxed);
  if (key == arena::kAnyPipe) {
    const KeepErrno keep;
    PipeId id;
    if (pipe_id(fd, &id)) known.store(key = arena::sleep_key(id), std::memory_order_relaxed);
  }
  return key;
}

bool holds_bytes(int fd) {
  const KeepErrno keep;
  PipeId id;
  size_t bytes;
  errno = 0;
  return pipe_id(fd, &id) ? arena::holds(id, &bytes) : errno != 0;
}

}  // namespace anysplice
