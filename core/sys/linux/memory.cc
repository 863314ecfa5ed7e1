#include "core/sys/memory.h"

#include <sys/mman.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice {

void* map_memory(size_t size, Sharing sharing) {
  const KeepErrno keep;
  const int how = sharing == Sharing::kPrivate ? MAP_PRIVATE : MAP_SHARED;
  void* memory =
      sys->mmap(nullptr, size, PROT_READ | PROT_WRITE, how | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return memory == MAP_FAILED ? nullptr : memory;
}

void give_back(void* memory, size_t size) {
  const KeepErrno keep;
  const Stretch pages = whole_system_pages(memory, size);
  if (pages.size == 0) return;
  sys->madvise(pages.start, pages.size, MADV_DONTNEED);
}

void replace_by_private(void* memory, size_t size) {
  const KeepErrno keep;
  if (sys->mmap(memory, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                0) == MAP_FAILED) {
    sys->munmap(memory, size);
  }
}

void keep_from_children(void* memory, size_t size) {
  const KeepErrno keep;
  sys->madvise(memory, size, MADV_DONTFORK);
}

std::atomic<uint32_t>* map_word_that_children_forget() {
#ifdef MADV_WIPEONFORK
  const KeepErrno keep;
  void* const memory = map_memory(system_page(), Sharing::kPrivate);
  if (memory == nullptr) return nullptr;
  if (sys->madvise(memory, system_page(), MADV_WIPEONFORK) == 0) {
    return static_cast<std::atomic<uint32_t>*>(memory);
  }
  unmap_memory(memory, system_page());
#endif
  return nullptr;
}

bool can_give_back() { return true; }

}  // namespace anysplice
