// Slots whose pages stand for memory of the program's.
#include <string.h>

#include <algorithm>

#include "core/memory/reuse.h"
#include "core/memory/ring.h"

namespace anysplice {

char* Ring::data_leaving(Slot slot) const {
  char* const held = data(slot);
  const uintptr_t origin = pool_->origin(held);
  if (origin == 0 || (origin & PagePool::kSuspended) != 0) return held;
  return reinterpret_cast<char*>(origin & ~PagePool::kFlags) + slot.offset;
}

int Ring::leaving_at(size_t skip, size_t length, iovec* iov, size_t* described, int most) const {
  if (!may_refer()) return peek_at(skip, length, iov, described, most);
  // Whoever suspends an origin after this sees that the ring is locked (losing_memory.h).
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return describe(As::kLeaving, skip, length, iov, described, most);
}

iovec Ring::front_leaving() const {
  const Slot first = slot(head_);
  if (!may_refer()) return {data(first), first.length};
  std::atomic_thread_fence(std::memory_order_seq_cst);
  return {data_leaving(first), first.length};
}

void Ring::refer(const Room& room, size_t length, const void* from, Held held) {
  const size_t offset = reinterpret_cast<uintptr_t>(from) % kPage;
  const uintptr_t flags = held == Held::kNothing ? PagePool::kEmpty : 0;
  const uintptr_t origin = (reinterpret_cast<uintptr_t>(from) - offset) | flags;
  const char* const first = static_cast<char*>(room.iov.iov_base) - offset;
  pool_->set_origins(first, (offset + length + kPage - 1) / kPage, origin);
}

void Ring::take_back(const Room& room) {
  const char* const first = static_cast<char*>(room.iov.iov_base);
  for (size_t i = 0; i < room.pages; ++i) pool_->set_origin(first + i * kPage, 0);
}

void Ring::watch(const Room& room, size_t length, const void* from, const Watch& watch) {
  size_t offset = reinterpret_cast<uintptr_t>(from) % kPage;
  const char* page = static_cast<char*>(room.iov.iov_base) - offset;
  uintptr_t origin = reinterpret_cast<uintptr_t>(from) - offset;
  for (size_t done = 0; done < length; page += kPage, origin += kPage, offset = 0) {
    const size_t n = std::min(length - done, kPage - offset);
    reuse::watch(page, {watch.call, watch.at + done, offset, n});
    if (!watch.referred) pool_->set_origin(page, origin | PagePool::kSuspended | PagePool::kCopied);
    done += n;
  }
}

bool Ring::become_bytes(Copy copy) {
  if (!may_refer()) return false;
  bool any = false;
  for (uint32_t at = head_; at != tail_; ++at) {
    Slot s = slot(at);
    char* const held = data(s);
    const uintptr_t origin = pool_->origin(held);
    if (origin == 0 || (origin & PagePool::kCopied) != 0) continue;
    any = true;
    const bool watched = reuse::on();
    if (watched) reuse::note_difference(held, origin, s.length);
    // Another ring may go on with the page that stands for the memory.
    size_t got;
    char* const page = pool_->take(1, &got);
    // Else it stays here, with all that other slots have of the page.
    const bool empty = (origin & PagePool::kEmpty) != 0;
    const Slot part = page == nullptr ? Slot{s.page, 0, kPage, 0} : s;
    char* const own = (page != nullptr ? page : pool_->page(s.page)) + part.offset;
    size_t n = 0;
    if ((origin & PagePool::kSuspended) == 0) {
      const auto* const memory = reinterpret_cast<char*>(origin & ~PagePool::kFlags);
      const ssize_t copied = copy(own, memory + part.offset, part.length);
      n = static_cast<size_t>(std::max<ssize_t>(copied, 0));
    }
    if (empty) memset(own + n, 0, part.length - n);
    if (page == nullptr) {
      pool_->set_origin(held, 0);
      continue;
    }
    if (!empty) memcpy(own + n, held + n, s.length - n);
    s.page = pool_->number(own);
    if (watched) {
      reuse::follow(held, own);
      pool_->set_origin(own, origin | PagePool::kSuspended | PagePool::kCopied);
    }
    set_slot(at, s);
    pool_->put(held);
  }
  return any;
}

}  // namespace anysplice
