// The limit of the size of files (RLIMIT_FSIZE) is the caller's, but the system looks at ours. So
// the writes to a file that the engine makes for it are cut as the system would, or raise SIGXFSZ.
//
// Thread-safe, but for keep_size_limits().
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_SIZE_LIMIT_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_SIZE_LIMIT_H_

#include <stdint.h>

namespace anysplice::tools {

// Has what the engine writes kept to the limits that are set. To be called once, before there are
// threads.
void keep_size_limits();

// What this thread writes to that descriptor of ours ends there. False if limits are not kept.
bool set_size_limit(int fd, uint64_t most);
void clear_size_limit(int fd);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_SIZE_LIMIT_H_
