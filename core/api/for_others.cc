#include "core/api/for_others.h"

#include "core/fd/fd_table.h"
#include "core/pipe/exposed_pipes.h"
#include "core/policy/mode.h"
#include "core/sys/deferral.h"

namespace anysplice {

void make_calls_for_others() {
  every_call_seen = false;
  allow_rings(false);
  exposed_pipes::note_may_be_shared();
  // All signals but a harmless one are blocked while a call is made.
  deferral::assume_plain_handlers();
}

}  // namespace anysplice
