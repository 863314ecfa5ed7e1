#include "core/fd/vfork_child.h"

#include "core/sys/deferral.h"
#include "core/sys/sys.h"

namespace anysplice {

bool in_vfork_child() {
  if (sys->getpid() != vfork_caller) return true;
  vfork_is_over();  // the child is gone
  return false;
}

void vfork_comes() {
  vfork_caller = sys->getpid();
  deferral::self.off.store(true, std::memory_order_relaxed);
}

void vfork_is_over() {
  vfork_caller = 0;
  deferral::self.off.store(false, std::memory_order_relaxed);
}

}  // namespace anysplice
