#include "core/sys/vfork_child.h"

#include "core/sys/deferral.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice {
namespace {

// Somebody asked while it was not known.
constinit thread_local bool asked = false;

}  // namespace

bool in_borrowed_memory() {
  if (vfork_depth == kVforkComes) asked = true;
  if (vfork_depth != 0) return true;
  return sys->getpid() != memory_lender.load(std::memory_order_relaxed);
}

BeforeVfork vfork_comes() {
  const int depth = vfork_depth;
  vfork_depth = kVforkComes;
  return 2 * depth + (deferral::has_something() ? 1 : 0);
}

void become_vfork_child(BeforeVfork before) { vfork_depth = before / 2 + 1; }

void InHandler::begin() {
  if (!thread::is_libcs()) return;
  comes_ = vfork_depth == kVforkComes;
  if (!comes_ && deferral::at_work()) deferral::forget_work();  // the child's
  vfork_depth = 0;
}

bool vfork_returns(BeforeVfork before) {
  // The child may have died at work, or with signals put off that were its own.
  if (before % 2 == 0) deferral::forget_work();
  vfork_depth = before / 2;
  const bool sure = !asked;
  asked = false;
  return sure;
}

void lend_memory() { memory_lender.store(sys->getpid(), std::memory_order_relaxed); }

void vfork_is_over() {
  vfork_depth = 0;
  asked = false;
  memory_lender.store(0, std::memory_order_relaxed);
}

}  // namespace anysplice
