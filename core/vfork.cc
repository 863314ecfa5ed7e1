#include "core/vfork.h"

#include "core/sys.h"

namespace anysplice {

bool in_vfork_child() {
  if (sys->getpid() != vfork_caller) return true;
  vfork_is_over();  // the child is gone
  return false;
}

void vfork_comes() { vfork_caller = sys->getpid(); }

}  // namespace anysplice
