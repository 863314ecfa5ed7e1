// A process, or a thread, that leaves what it shares with others.
#include "core/calls/engine.h"
#include "core/fd/fd_table.h"
#include "core/inject/control.h"
#include "core/pipe/sharers.h"
#include "core/pipe/turns.h"
#include "core/sys/thread.h"
#include "core/sys/vfork_child.h"

namespace anysplice {

void before_privilege_change() {
  if (vfork_child()) return;  // its memory is its parent's
  settle_held(SettleReason::kPrivileges);
  turns::leave();
  sharers::leave();
  inject::leave_control();
}

void look_at_nothing() {
  if (vfork_child()) return;
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned fd = 0; fd < high; ++fd) {
    set_fd_entry(static_cast<int>(fd), FdEntry::of(FdKind::kOther));
  }
}

void on_descriptor_table_unshared() {
  // A child of vfork has numbers of its own already, and its parent's memory.
  if (vfork_child() || thread::others() == thread::Others::kNone) return;
  every_call_seen = false;
  keep_nothing(SettleReason::kUnshare);
}

}  // namespace anysplice
