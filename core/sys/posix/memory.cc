#include "core/sys/memory.h"

#include <fcntl.h>
#include <sys/mman.h>

#include "core/base/keep_errno.h"
#include "core/sys/posix/object_memory.h"
#include "core/sys/sys.h"

namespace anysplice {

void* map_memory(size_t size, Sharing sharing) {
  const KeepErrno keep;
#ifdef MAP_ANONYMOUS
  const int how = sharing == Sharing::kPrivate ? MAP_PRIVATE : MAP_SHARED;
  void* memory = sys->mmap(nullptr, size, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS, -1, 0);
  if (memory != MAP_FAILED) return memory;
#endif
  return map_object(size, sharing);
}

// minherit(2) and its like are the BSDs' own.
void keep_from_children(void*, size_t) {}
std::atomic<uint32_t>* map_word_that_children_forget() { return nullptr; }

void replace_by_private(void* memory, size_t size) {
  const KeepErrno keep;
#ifdef MAP_ANONYMOUS
  const int how = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;
  if (sys->mmap(memory, size, PROT_READ | PROT_WRITE, how, -1, 0) != MAP_FAILED) return;
#endif
  sys->munmap(memory, size);
}

// POSIX has no way to say so: posix_madvise(3) speaks of what will be used, not of what may be
// lost.
void give_back(void*, size_t) {}
bool can_give_back() { return false; }

}  // namespace anysplice
