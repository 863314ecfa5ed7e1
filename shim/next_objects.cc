#include "shim/next_objects.h"

#include <link.h>
#include <stddef.h>

#include <atomic>

namespace anysplice::shim::next_objects {
namespace {

constexpr size_t kMost = 64;

ElfObject ours;
ElfObject objects[kMost];
std::atomic<size_t> count;  // published when all are there

struct Walk {
  bool behind_us;
  size_t found;
};

int note(dl_phdr_info* info, size_t, void* data) {
  Walk& walk = *static_cast<Walk*>(data);
  const ElfObject object(*info);
  if (!walk.behind_us) {
    walk.behind_us = holds(*info, &ours);
    if (walk.behind_us) ours = object;
    return 0;
  }
  // One that cannot be searched ends the search: what is behind it may not be the next.
  if (!object.searchable()) return 1;
  objects[walk.found++] = object;
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

void remember() {
  Walk walk{};
  dl_iterate_phdr(note, &walk);
  count.store(walk.found, std::memory_order_release);
}

const ElfObject* that_defines(const char* name) {
  for (size_t i = 0, all = known(); i < all; ++i) {
    if (objects[i].find(name).defined) return &objects[i];
  }
  return nullptr;
}

void* find(const char* name) {
  const ElfObject* const object = that_defines(name);
  return object != nullptr ? object->find(name).function : nullptr;
}

bool is_one(const ElfObject& object) {
  for (size_t i = 0, all = known(); i < all; ++i) {
    if (objects[i].is(object)) return true;
  }
  return false;
}

void* find_ours(const char* name) {
  return known() != 0 && ours.searchable() ? ours.find(name).function : nullptr;
}

}  // namespace anysplice::shim::next_objects
