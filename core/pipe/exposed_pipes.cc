#include "core/pipe/exposed_pipes.h"

#include <atomic>

#include "core/base/placement.h"

namespace anysplice::exposed_pipes {
namespace {

constexpr uint32_t kPlaces = 16384;
constexpr uint32_t kWays = 8;  // places that a pipe can be in

ANYSPLICE_SELDOM std::atomic<uint64_t> places[kPlaces];
std::atomic<bool> shared;

}  // namespace

void mark(PipeId id) {
  if (marked(id)) return;
  const uint64_t hash = id.hash();
  for (uint32_t way = 0; way < kWays; ++way) {
    uint64_t free = 0;
    if (places[(hash + way) % kPlaces].compare_exchange_strong(free, hash)) return;
  }
  // Full of pipes that were exposed long ago: one of them goes.
  places[(hash + hash / kPlaces % kWays) % kPlaces].store(hash, std::memory_order_relaxed);
}

bool marked(PipeId id) {
  const uint64_t hash = id.hash();
  for (uint32_t way = 0; way < kWays; ++way) {
    if (places[(hash + way) % kPlaces].load(std::memory_order_relaxed) == hash) return true;
  }
  return false;
}

void note_may_be_shared() { shared.store(true, std::memory_order_relaxed); }
bool may_be_shared() { return shared.load(std::memory_order_relaxed); }

}  // namespace anysplice::exposed_pipes
