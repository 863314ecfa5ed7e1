// vmsplice(2) for another program: its memory is copied at the call.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_VMSPLICE_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_VMSPLICE_H_

#include <stdint.h>

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// `pipe`: our descriptor; the other arguments as the program passed them. Bytes or -errno.
long vmsplice_for(Target& target, int pipe, uint64_t segments, uint64_t count, unsigned flags);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_VMSPLICE_H_
