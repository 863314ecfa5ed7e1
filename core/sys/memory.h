// Memory of the engine's own: straight from the system, never from the program's allocator.
// Async-signal-safe; all keep errno.
#ifndef ANYSPLICE_CORE_SYS_MEMORY_H_
#define ANYSPLICE_CORE_SYS_MEMORY_H_

#include <stddef.h>

namespace anysplice {

enum class Sharing {
  kPrivate,
  kFamily,  // with the children that are forked from here on
};

// Zeroed pages, reserved but not backed until touched. Null if refused.
void* map_memory(size_t size, Sharing sharing);
void unmap_memory(void* memory, size_t size);

// What is in a stretch of such memory is no longer needed: lets the system have what backs it, as
// far as it can.
void give_back(void* memory, size_t size, Sharing sharing);
bool can_give_back();

// The system's page, in which it maps and protects memory.
size_t system_page();

// The part of a stretch that is whole pages of the system.
struct Stretch {
  char* start;
  size_t size;
};
Stretch whole_system_pages(void* memory, size_t size);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_MEMORY_H_
