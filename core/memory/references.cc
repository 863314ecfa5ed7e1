#include "core/memory/references.h"

#include <string.h>

#include <algorithm>

#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"

namespace anysplice::references {
namespace {

bool touches(Range range, uintptr_t page) {
  const auto first = reinterpret_cast<uintptr_t>(range.at);
  return page + kPage > first && page - first / kPage * kPage < range.size + first % kPage;
}

// Changes the origins in the range that are suspended.
template <typename To>
void change(Range range, To to) {
  ring_pool()->each_origin([&](char* held, uintptr_t origin) {
    const uintptr_t page = origin & ~PagePool::kFlags;
    const bool suspended = (origin & PagePool::kSuspended) != 0;
    return suspended && touches(range, page) ? to(held, origin) : origin;
  });
}

}  // namespace

bool suspend(Range range) {
  bool found = false;
  ring_pool()->each_origin([&](char* held, uintptr_t origin) {
    const uintptr_t page = origin & ~PagePool::kFlags;
    if (!touches(range, page)) return origin;
    found = true;
    if (reuse::on()) reuse::note_difference(held, origin);
    if ((origin & PagePool::kSuspended) == 0) {
      // What cannot be read any more stays as it was.
      const ssize_t copied = copy_from_user(held, reinterpret_cast<char*>(page), kPage);
      const auto n = static_cast<size_t>(std::max<ssize_t>(copied, 0));
      if ((origin & PagePool::kEmpty) != 0) memset(held + n, 0, kPage - n);
    }
    return (origin & ~PagePool::kEmpty) | PagePool::kSuspended;
  });
  return found;
}

void forget(Range range) {
  change(range, [](const char* held, uintptr_t origin) {
    if (reuse::on()) reuse::note_gone(held, origin);
    return uintptr_t{0};
  });
}

void resume(Range range, Range to) {
  const uintptr_t by = reinterpret_cast<uintptr_t>(to.at) - reinterpret_cast<uintptr_t>(range.at);
  change(range, [&](const char*, uintptr_t origin) {
    const uintptr_t page = (origin & ~PagePool::kFlags) + by;
    if (!touches(to, page)) return uintptr_t{0};
    return (origin & PagePool::kCopied) != 0 ? page | (origin & PagePool::kFlags) : page;
  });
}

}  // namespace anysplice::references
