// Pages of rings that stand for pages of the program's memory (vmsplice by reference), and what
// becomes of them when that memory goes away.
//
// Thread-safe. Async-signal-safe inside a CriticalSection.
#ifndef ANYSPLICE_CORE_MEMORY_REFERENCES_H_
#define ANYSPLICE_CORE_MEMORY_REFERENCES_H_

#include <stddef.h>

#include "core/memory/ring_pool.h"

namespace anysplice::references {

// The hot path's question: whether there are any at all.
inline bool any() {
  const PagePool* const pool = ring_pool();
  return pool != nullptr && pool->with_origin() != 0;
}

// A stretch of the program's memory; what it touches of a page is the whole page.
struct Range {
  const void* at;
  size_t size;
};

// Takes over what the memory holds now: from here on the pages that stand for it mean what they
// hold. Whether there are any.
bool suspend(Range range);
// Afterwards: the memory is gone; or it is there still, moved from `range` to `to` as far as that
// reaches, and the pages stand for it again.
void forget(Range range);
void resume(Range range, Range to);

}  // namespace anysplice::references

#endif  // ANYSPLICE_CORE_MEMORY_REFERENCES_H_
