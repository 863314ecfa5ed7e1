// Which of the program's memory may be referred to instead of copied: that which is not taken away
// where the engine cannot see it (docs/where-bytes-are.md).
//
// Thread-safe. Async-signal-safe inside a CriticalSection, but for learn().
#ifndef ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_
#define ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_

#include <stddef.h>

namespace anysplice::lasting_memory {

// Once, early: looks at what the program has from the beginning. `thread_ends`: whether the end of
// a thread is seen, so that its stack counts too.
void learn(bool thread_ends);

// Mappings that the program made by calls that are seen, and what it took away of them. They are
// remembered only once learn() was called, and the engine may answer and vmsplice refer: where the
// kernel carries, a mapping costs nothing.
void add(const void* at, size_t size);
// What was removed of a mapping can be added again; false if that was nothing.
bool remove(const void* at, size_t size);
// The size of what was added at that address, 0 if it is not remembered.
size_t size_of(const void* at);

// The first bytes of a stretch that are all of one kind.
enum class Kind { kPassing, kLasting, kOwnStack };
struct Part {
  size_t size;
  Kind kind;
};
Part part_of(const void* at, size_t size);

// In the child of a fork.
void become_child();

}  // namespace anysplice::lasting_memory

#endif  // ANYSPLICE_CORE_MEMORY_LASTING_MEMORY_H_
