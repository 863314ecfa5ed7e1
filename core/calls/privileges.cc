// A process, or a thread, that leaves what it shares with others.
#include "core/calls/engine.h"
#include "core/fd/fd_table.h"
#include "core/fd/vfork_child.h"
#include "core/pipe/sharers.h"
#include "core/pipe/turns.h"
#include "core/sys/thread.h"

namespace anysplice {

void before_privilege_change() {
  if (vfork_child()) return;  // its memory is its parent's
  settle_held(SettleReason::kPrivileges);
  turns::leave();
  sharers::leave();
}

void on_descriptor_table_unshared() {
  // A child of vfork has numbers of its own already, and its parent's memory.
  if (vfork_child() || thread::others() == thread::Others::kNone) return;
  every_call_seen = false;
  keep_nothing(SettleReason::kUnshare);
}

}  // namespace anysplice
