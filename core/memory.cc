#include "core/memory.h"

#include <errno.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "core/sys.h"

namespace anysplice {

void* map_memory(size_t size, int sharing) {
  rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      size > limit.rlim_cur / 8) {
    return nullptr;
  }
  const int kept = errno;
  void* memory = sys->mmap(nullptr, size, PROT_READ | PROT_WRITE,
                           sharing | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  errno = kept;
  return memory == MAP_FAILED ? nullptr : memory;
}

void unmap_memory(void* memory, size_t size) {
  const int kept = errno;
  sys->munmap(memory, size);
  errno = kept;
}

}  // namespace anysplice
