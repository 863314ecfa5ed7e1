// unshare(2) and prctl(2): which of their uses give up privileges, or leave others behind.
#include "core/calls/engine.h"
#include "shim/hooks.h"
#ifdef ANYSPLICE_HOST_SYSCALL
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>

namespace anysplice::shim {

void unsharing(int flags) {
  if ((flags & CLONE_FILES) != 0) on_descriptor_table_unshared();
  if ((flags & ~(CLONE_FILES | CLONE_FS | CLONE_SYSVSEM)) != 0) before_privilege_change();
}

static bool gives_up_privileges(int operation) {
  switch (operation) {
    case PR_SET_NO_NEW_PRIVS:
    case PR_SET_SECCOMP:
    case PR_SET_KEEPCAPS:
    case PR_SET_SECUREBITS:
    case PR_CAPBSET_DROP:
    case PR_CAP_AMBIENT:
    case PR_SET_DUMPABLE:
      return true;
    default:
      return false;
  }
}

void controlling(int operation, long value) {
  if (gives_up_privileges(operation)) before_privilege_change();
  if (operation == PR_SET_SECCOMP && value == SECCOMP_MODE_STRICT) {
    keep_nothing(SettleReason::kPrivileges);
  }
}

void controlled(int operation, long value) {
  if (operation == PR_SET_SECCOMP && value == SECCOMP_MODE_STRICT) look_at_nothing();
}

}  // namespace anysplice::shim
#endif
