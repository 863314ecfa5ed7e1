#include "core/fd/vfork_child.h"

#include "core/sys/sys.h"

namespace anysplice {

bool in_vfork_child() {
  if (sys->getpid() != vfork_caller) return true;
  vfork_is_over();  // the child is gone
  return false;
}

void vfork_comes() { vfork_caller = sys->getpid(); }

}  // namespace anysplice
