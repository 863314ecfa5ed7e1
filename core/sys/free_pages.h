// Tells AddressSanitizer which pages of a pool are free, so that it reports their use like that of
// freed memory. In builds without it these functions do nothing.
//
// Async-signal-safe. To be called by the owner of the pages: mark_free() before others can take
// them, mark_taken() after taking them.
#ifndef ANYSPLICE_CORE_SYS_FREE_PAGES_H_
#define ANYSPLICE_CORE_SYS_FREE_PAGES_H_

#include <stddef.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace anysplice {

#ifdef __SANITIZE_ADDRESS__
inline void mark_free(const void* pages, size_t size) { __asan_poison_memory_region(pages, size); }
inline void mark_taken(const void* pages, size_t size) {
  __asan_unpoison_memory_region(pages, size);
}
#else
inline void mark_free(const void*, size_t) {}
inline void mark_taken(const void*, size_t) {}
#endif

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_FREE_PAGES_H_
