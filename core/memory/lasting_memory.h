// Which of the program's memory may be referred to instead of copied: that which is not taken away
// where the engine cannot see it (docs/where-bytes-are.md).
//
// Thread-safe. Async-signal-safe inside a CriticalSection, but for learn().
#ifndef ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_
#define ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_

#include <stddef.h>

namespace anysplice::lasting_memory {

// Once, early: looks at what the program has from the beginning. `all_seen`: whether the calls that
// take memory away come by here, and the ends of threads, so that their stacks count too.
void learn(bool all_seen);

// A stretch of memory is about to go away or to become unreadable, or has just been mapped: then it
// is no part of the first thread's stack, which is never all in use.
void losing(const void* at, size_t size);

// Mappings that the program made by calls that are seen, and what it took away of them. They are
// remembered only once learn() was called, and the engine may answer and vmsplice refer: where the
// kernel carries, a mapping costs nothing.
void add(const void* at, size_t size);
// What was removed of a mapping can be added again; false if that was nothing.
bool remove(const void* at, size_t size);
// The size of what was added at that address, 0 if it is not remembered.
size_t size_of(const void* at);

// The first bytes of a stretch that are all of one kind. What the program has from the beginning is
// permanent, and readable, until losing() is told of any of it.
enum class Kind { kPassing, kLasting, kOwnStack, kPermanent };
struct Part {
  size_t size;
  Kind kind;
};
Part part_of(const void* at, size_t size);
// Whether what was permanent a moment ago is so still.
bool still_permanent();

// In the child of a fork.
void become_child();

}  // namespace anysplice::lasting_memory

#endif  // ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_
