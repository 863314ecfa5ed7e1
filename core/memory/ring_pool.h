// The private memory that rings and copies use.
//
// It is taken as it is needed: the first pages are part of this object, so that a program that may
// have no more memory (RLIMIT_DATA), or may not ask for it (a filter of system calls), has them;
// then chunks follow, each as large as all before it. Thread-safe, async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_RING_POOL_H_
#define ANYSPLICE_CORE_MEMORY_RING_POOL_H_

#include "core/memory/page_pool.h"

namespace anysplice {

PagePool* ring_pool();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_RING_POOL_H_
