#include "shim/next_objects.h"

#include <link.h>
#include <stddef.h>
#include <stdint.h>

#include <algorithm>
#include <atomic>

#include "core/base/placement.h"

namespace anysplice::shim::next_objects {
namespace {

constexpr size_t kMost = 64;

// From the first byte to behind the last one.
struct Place {
  uintptr_t start;
  uintptr_t end;
  bool has(const void* at) const {
    return start <= reinterpret_cast<uintptr_t>(at) && reinterpret_cast<uintptr_t>(at) < end;
  }
};

constinit ElfObject ours;
constinit Place our_place{};
// Together, as each page that the start of a program touches costs it time.
struct Known {
  ElfObject object;
  Place place;
};
ANYSPLICE_LIST constinit Known objects[kMost]{};
constexpr size_t kMostInFront = 16;
constinit Place in_front[kMostInFront]{};
size_t in_front_count;
std::atomic<size_t> count;  // published when all are there

struct Walk {
  bool behind_us;
  size_t found;
};

ANYSPLICE_AT_START Place place_of(const dl_phdr_info& info) {
  Place place{UINTPTR_MAX, 0};
  for (int i = 0; i < info.dlpi_phnum; ++i) {
    const auto& part = info.dlpi_phdr[i];
    if (part.p_type != PT_LOAD) continue;
    const uintptr_t start = info.dlpi_addr + part.p_vaddr;
    place.start = std::min(place.start, start);
    place.end = std::max<uintptr_t>(place.end, start + part.p_memsz);
  }
  return place;
}

ANYSPLICE_AT_START int note(dl_phdr_info* info, size_t, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  if (!walk.behind_us) {
    walk.behind_us = holds(*info, &ours);
    if (walk.behind_us) {
      ours = ElfObject(*info);
      our_place = place_of(*info);
    } else if (in_front_count < kMostInFront) {
      in_front[in_front_count++] = place_of(*info);
    }
    return 0;
  }
  const ElfObject object(*info);
  // One that cannot be searched ends the search: what is behind it may not be the next.
  if (!object.searchable()) return 1;
  objects[walk.found++] = {object, place_of(*info)};
  return walk.found == kMost ? 1 : 0;
}

size_t known() {
  const size_t there = count.load(std::memory_order_acquire);
  if (there != 0) [[likely]]
    return there;
  remember();
  return count.load(std::memory_order_acquire);
}

}  // namespace

ANYSPLICE_AT_START void remember() {
  Walk walk{};
  in_front_count = 0;
  dl_iterate_phdr(note, &walk);
  count.store(walk.found, std::memory_order_release);
}

ANYSPLICE_AT_START const ElfObject* that_defines(const char* name) {
  for (size_t i = 0, all = known(); i < all; ++i) {
    if (objects[i].object.find(name).defined) return &objects[i].object;
  }
  return nullptr;
}

ANYSPLICE_AT_START void* find(const char* name) {
  const ElfObject* const object = that_defines(name);
  return object != nullptr ? object->find(name).function : nullptr;
}

Caller look_for(const void* place, const char* name) {
  const size_t all = known();
  if (our_place.has(place)) return {Caller::kOurselves, false};
  for (size_t i = 0; i < in_front_count; ++i) {
    if (in_front[i].has(place)) return {Caller::kInFront, false};
  }
  for (size_t i = 0; i < all; ++i) {
    if (objects[i].place.has(place)) {
      return {Caller::kBehind, objects[i].object.find(name).defined};
    }
  }
  return {Caller::kLate, false};
}

void* find_ours(const char* name) {
  known();  // there may be none that can be searched
  return ours.searchable() ? ours.find(name).function : nullptr;
}

}  // namespace anysplice::shim::next_objects
