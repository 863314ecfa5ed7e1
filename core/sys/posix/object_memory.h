// Memory without MAP_ANONYMOUS, which POSIX.1-2008 does not have: of a shared memory object whose
// name is gone at once.
//
// Thread-safe. Not for signal handlers: POSIX does not list shm_open.
#ifndef ANYSPLICE_CORE_SYS_POSIX_OBJECT_MEMORY_H_
#define ANYSPLICE_CORE_SYS_POSIX_OBJECT_MEMORY_H_

#include "core/sys/memory.h"

namespace anysplice {

// As map_memory(), without a look at the limits. Uses a descriptor for a moment.
void* map_object(size_t size, Sharing sharing);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_POSIX_OBJECT_MEMORY_H_
