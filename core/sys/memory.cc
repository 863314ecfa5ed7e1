#include "core/sys/memory.h"

#include <stdint.h>
#if defined(__linux__)
#include <sys/auxv.h>
#else
#include <unistd.h>
#endif

#include <atomic>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/free_pages.h"
#include "core/sys/sys.h"

namespace anysplice {

void unmap_memory(void* memory, size_t size) {
  const KeepErrno keep;
  mark_taken(memory, size);  // what comes there next is not free
  sys->munmap(memory, size);
}

ANYSPLICE_AT_START size_t system_page() {
  static std::atomic<size_t> known;
  size_t size = known.load(std::memory_order_relaxed);
  if (size != 0) return size;
#if defined(__linux__)
  const unsigned long said = getauxval(AT_PAGESZ);  // sysconf touches more of libc
#else
  const KeepErrno keep;
  const long said = sysconf(_SC_PAGESIZE);
#endif
  size = said > 0 ? static_cast<size_t>(said) : 4096;
  known.store(size, std::memory_order_relaxed);
  return size;
}

Stretch whole_system_pages(void* memory, size_t size) {
  const size_t page = system_page();
  const size_t skip = (page - reinterpret_cast<uintptr_t>(memory) % page) % page;
  char* start = static_cast<char*>(memory) + skip;
  return {start, size > skip ? (size - skip) / page * page : 0};
}

}  // namespace anysplice
