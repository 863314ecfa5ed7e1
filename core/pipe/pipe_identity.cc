#include "core/pipe/pipe_identity.h"

#include "core/base/keep_errno.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice {

void remember_pipe(int fd, PipeId id) {
  // Others may sleep in a call that was not counted.
  if (thread::others() == thread::Others::kSome) exposed_pipes::mark(id);
  remember_fd(fd, FdEntry::of(FdKind::kPipe, pipe_key(id)));
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

PipeKey pipe_key_of(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (entry.kind() == FdKind::kPipe) return entry.pipe();
  if (!entry.ours()) return kAnyPipe;
  std::atomic<PipeKey>& known = pipe_of(entry)->key;
  PipeKey key = known.load(std::memory_order_relaxed);
  if (key == kAnyPipe) {
    const KeepErrno keep;
    PipeId id;
    if (pipe_id(fd, &id)) known.store(key = pipe_key(id), std::memory_order_relaxed);
  }
  return key;
}

bool holds_bytes(int fd) {
  const KeepErrno keep;
  PipeId id;
  size_t bytes;
  errno = 0;
  return pipe_id(fd, &id) ? held_bytes::holds(id, &bytes) : errno != 0;
}

}  // namespace anysplice
