#include "core/memory/ring_pool.h"

#include "core/base/placement.h"

namespace anysplice {
namespace {

constexpr size_t kFirstPages = 256;
// Up to 1 GiB of addresses, where there are enough of them.
constexpr size_t kChunks = sizeof(void*) > 4 ? PagePool::kMostChunks : 7;

// Room for the bookkeeping too, rounded up to the largest page that systems have.
constexpr size_t kFirstBytes = (kFirstPages + 16) * kPage;
ANYSPLICE_SELDOM alignas(kPage) char first_memory[kFirstBytes];

// Before there are threads, as far as that can be had.
ANYSPLICE_AT_START [[gnu::constructor]] void make_at_load() { ring_pool(); }

enum : int { kUnmade, kMaking, kMade };
std::atomic<int> made;

}  // namespace

ANYSPLICE_AT_START PagePool* ring_pool() {
  PagePool* const pool = reinterpret_cast<PagePool*>(first_memory);
  int state = made.load(std::memory_order_acquire);
  if (state == kMade) return pool;
  // Who comes while it is being made (another thread, or a handler of this one) goes without once.
  state = kUnmade;
  if (!made.compare_exchange_strong(state, kMaking)) return state == kMade ? pool : nullptr;
  PagePool::create(first_memory, kFirstPages)->grow_up_to(kChunks);
  made.store(kMade, std::memory_order_release);
  return pool;
}

}  // namespace anysplice
