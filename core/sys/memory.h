// The engine's own memory, taken directly from the system, never from the program's allocator.
// Thread-safe and async-signal-safe; all functions keep errno.
#ifndef ANYSPLICE_CORE_SYS_MEMORY_H_
#define ANYSPLICE_CORE_SYS_MEMORY_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

namespace anysplice {

enum class Sharing {
  kPrivate,
  kRelated,  // with the children that are forked from now on
};

// Zeroed pages, reserved but not backed until touched. Null if refused.
void* map_memory(size_t size, Sharing sharing);
void unmap_memory(void* memory, size_t size);
// Puts zeroed private pages in the place of shared ones, for those who may still be using them.
void replace_by_private(void* memory, size_t size);

// Children that are forked from here on do not get it, where the system can say so.
void keep_from_children(void* memory, size_t size);
// A word that is 0 at first, and again in every child, however that is made. Null where the system
// has none.
std::atomic<uint32_t>* map_word_that_children_forget();

// The contents of a stretch of private memory are no longer needed: returns the memory behind it to
// the system, as far as possible.
void give_back(void* memory, size_t size);
bool can_give_back();

// The size of the system's pages, the unit in which it maps and protects memory.
size_t system_page();

// The part of a stretch that consists of whole pages of the system.
struct Stretch {
  char* start;
  size_t size;
};
Stretch whole_system_pages(void* memory, size_t size);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_MEMORY_H_
