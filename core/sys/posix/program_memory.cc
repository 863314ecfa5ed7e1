// POSIX tells nothing of it.
#include "core/sys/program_memory.h"

namespace anysplice::program_memory {

size_t data(Area*, size_t) { return 0; }
Area stack() { return {0, 0}; }
Area heap(uintptr_t) { return {0, 0}; }

}  // namespace anysplice::program_memory
