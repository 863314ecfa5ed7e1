// Memory of the engine's own: straight from mmap, never from the program's allocator.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_H_
#define ANYSPLICE_CORE_MEMORY_H_

#include <stddef.h>

namespace anysplice {

// Zeroed pages, reserved but not backed until touched. sharing is MAP_PRIVATE, or MAP_SHARED for
// memory that forked children are to share. Null if refused, or if it would take more than an
// eighth of a limit on the address space (RLIMIT_AS). Keeps errno.
void* map_memory(size_t size, int sharing);
void unmap_memory(void* memory, size_t size);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_H_
