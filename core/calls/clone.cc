// Children that clone(2) makes: what they share with this process decides what may be believed.
#include <sched.h>

#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "core/fd/fd_table.h"
#include "core/pipe/turns.h"
#include "core/sys/vfork_child.h"

namespace anysplice {

#ifdef CLONE_VM
void note_clone(unsigned long flags) {
  const auto has = [flags](unsigned long flag) { return (flags & flag) != 0; };
  if (has(CLONE_NEWPID)) turns::note_namespace();
  if (!has(CLONE_THREAD)) expose_all(SettleReason::kFork);
  if (has(CLONE_VM) == has(CLONE_FILES)) return;  // a thread, or a child of its own
  if (has(CLONE_THREAD) || has(CLONE_FILES)) {
    // Its numbers are others in the same process, or ours change under its hands.
    every_call_seen = false;
    keep_nothing(SettleReason::kUnshare);
  } else if (!vfork_child()) {
    lend_memory();
  }
}

void before_clone(unsigned long flags) {
  note_clone(flags);
  if ((flags & CLONE_VM) == 0) before_fork();
}

void after_clone(unsigned long flags, bool child) {
  constexpr unsigned long kNamespaces = CLONE_NEWCGROUP | CLONE_NEWIPC | CLONE_NEWNET |
                                        CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUSER | CLONE_NEWUTS;
  if ((flags & CLONE_VM) != 0) return;
  after_fork(child);
  // As after unshare(2).
  if (child && (flags & kNamespaces) != 0) before_privilege_change();
}
#endif

}  // namespace anysplice
