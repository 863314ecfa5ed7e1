#include "core/pipe/sleepers.h"

#include <atomic>

#include "core/base/placement.h"

namespace anysplice {
namespace {

ANYSPLICE_SELDOM std::atomic<int> counts[kPipeKeys + 1];
std::atomic<bool> for_good;
std::atomic<uint32_t> generation;

}  // namespace

Sleeper::Sleeper(PipeKey key) : key_(key), generation_(generation.load()) {
  counts[key].fetch_add(1);
}

Sleeper::~Sleeper() {
  // In a child that a handler forked in the middle the counts began anew.
  if (generation_ == generation.load()) counts[key_].fetch_sub(1);
}

namespace sleepers {

bool any(PipeKey key) {
  return for_good.load(std::memory_order_relaxed) ||
         counts[kAnyPipe].load() + counts[kUnlooked].load() + counts[key].load() > 0;
}

bool any_unlooked() { return counts[kUnlooked].load() > 0; }

void add_for_good() { for_good.store(true, std::memory_order_relaxed); }

void forget_all() {
  generation.fetch_add(1);
  for (auto& count : counts) count.store(0, std::memory_order_relaxed);
}

}  // namespace sleepers
}  // namespace anysplice
