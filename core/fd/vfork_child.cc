#include "core/fd/vfork_child.h"

#include "core/sys/deferral.h"
#include "core/sys/sys.h"

namespace anysplice {

bool in_vfork_child() {
  const pid_t me = sys->getpid();
  const pid_t lender = memory_lender.load(std::memory_order_relaxed);
  if (lender != 0 && me != lender) return true;
  if (vfork_caller != 0 && me != vfork_caller) return true;
  if (vfork_caller != 0) deferral::self.off.store(false, std::memory_order_relaxed);
  vfork_caller = 0;  // the child is gone
  return false;
}

void vfork_comes() {
  vfork_caller = sys->getpid();
  deferral::self.off.store(true, std::memory_order_relaxed);
}

void vfork_is_over() {
  vfork_caller = 0;
  memory_lender.store(0, std::memory_order_relaxed);
  deferral::self.off.store(false, std::memory_order_relaxed);
}

void lend_memory() { memory_lender.store(sys->getpid(), std::memory_order_relaxed); }

}  // namespace anysplice
