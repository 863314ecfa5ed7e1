// RLIMIT_FSIZE, which is the program's and not ours. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_FILE_LIMIT_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_FILE_LIMIT_H_

#include <stddef.h>
#include <stdint.h>

#include "tools/supervisor/target.h"

namespace anysplice::tools {

// How much of so many bytes may be written to our descriptor from *offset on, or from its position.
// Nothing if the file is as large as it may be: the call is to fail with EFBIG and SIGXFSZ.
size_t allowed_by_limit(const Target& target, int fd, const int64_t* offset, size_t length);

// Has the system ask nothing of this process itself.
void lift_own_limit();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_FILE_LIMIT_H_
