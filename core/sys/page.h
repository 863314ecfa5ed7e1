// The size of a pipe buffer, which is also the unit in which the engine keeps bytes. The system's
// own pages may be larger; where that matters, memory.h asks for their size.
#ifndef ANYSPLICE_CORE_SYS_PAGE_H_
#define ANYSPLICE_CORE_SYS_PAGE_H_

#include <stddef.h>

namespace anysplice {

inline constexpr size_t kPage = 4096;

// The maximum number of iovecs passed to one call.
inline constexpr int kMaxIov = 256;

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PAGE_H_
