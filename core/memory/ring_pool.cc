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

enum : int { kUnmade, kMaking, kMade };
std::atomic<int> made;

// Another thread is making it, which takes a few microseconds; or what this one is a handler of, or
// the thread that a fork has left behind: then there is none.
bool made_elsewhere() {
  constexpr int kPatience = 100'000;
  for (int i = 0; i < kPatience; ++i) {
    if (made.load(std::memory_order_acquire) == kMade) return true;
  }
  return false;
}

}  // namespace

PagePool* ring_pool() {
  PagePool* const pool = reinterpret_cast<PagePool*>(first_memory);
  int state = made.load(std::memory_order_acquire);
  if (state == kMade) return pool;
  state = kUnmade;
  if (!made.compare_exchange_strong(state, kMaking)) return made_elsewhere() ? pool : nullptr;
  PagePool::create(first_memory, kFirstPages)->grow_up_to(kChunks);
  made.store(kMade, std::memory_order_release);
  return pool;
}

}  // namespace anysplice
