// The unit of a pipe: what one of its buffers holds at the most, and the unit in which the engine
// keeps bytes. The system's own pages may be larger; memory.h asks for that size where it matters.
#ifndef ANYSPLICE_CORE_SYS_PAGE_H_
#define ANYSPLICE_CORE_SYS_PAGE_H_

#include <stddef.h>

namespace anysplice {

inline constexpr size_t kPage = 4096;

// The most iovecs that are handed to one call.
inline constexpr int kMaxIov = 256;

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PAGE_H_
