#include "core/inject/progress.h"

#include <atomic>

#include "core/base/placement.h"
#include "core/inject/generator.h"

namespace anysplice::inject {
namespace {

struct Place {
  std::atomic<uint64_t> key;  // 0: free
  std::atomic<uint64_t> bytes;
};

ANYSPLICE_SELDOM Place places[kFiles];

uint64_t key_of(const Progress& what) {
  return mix(mix(mix(what.process, what.rule), what.in), what.out) | 1;
}

// Null if it is not there; `make` takes a free one then, if there is one.
Place* find(uint64_t key, bool make) {
  for (size_t i = 0; i < kFiles; ++i) {
    Place& place = places[(key + i) % kFiles];
    uint64_t found = place.key.load(std::memory_order_relaxed);
    if (found == 0 && make && place.key.compare_exchange_strong(found, key)) return &place;
    if (found == key) return &place;
    if (found == 0) return nullptr;
  }
  return nullptr;
}

}  // namespace

uint64_t moved_so_far(const Progress& what) {
  const Place* place = find(key_of(what), false);
  return place != nullptr ? place->bytes.load(std::memory_order_relaxed) : 0;
}

void note_moved(const Progress& what, uint64_t bytes) {
  Place* place = find(key_of(what), true);
  if (place != nullptr) place->bytes.fetch_add(bytes, std::memory_order_relaxed);
}

void forget_progress() {
  for (Place& place : places) {
    place.key.store(0, std::memory_order_relaxed);
    place.bytes.store(0, std::memory_order_relaxed);
  }
}

}  // namespace anysplice::inject
