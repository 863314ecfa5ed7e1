#include "core/pipe/arena.h"

#include <algorithm>

#include "core/base/sync_point.h"
#include "core/sys/critical_section.h"

namespace anysplice::arena {
namespace {

constexpr uint32_t kPlaces = 1024;
constexpr uint32_t kSleepKeys = 256;
constexpr uint32_t kExposed = 16384;
constexpr uint32_t kWays = 8;    // places an exposed pipe can be in
constexpr size_t kPages = 4096;  // 16 MiB of addresses, backed only while bytes are held

struct Arena {
  ProcessSharedMutex lock;  // guards ids, high and sweep_at
  std::atomic<uint32_t> held;
  std::atomic<bool> may_be_shared;  // of any process of the family
  std::atomic<int> sleepers[kSleepKeys];
  ReadersInFlight readers_in_flight[kSleepKeys];
  std::atomic<bool> in_turns[kSleepKeys];
  uint32_t high;        // no place from here on was ever used
  size_t sweep_at;      // pages in use from which on it is looked for those that nobody has
  PipeId ids[kPlaces];  // inode 0: a free place
  std::atomic<uint64_t> exposed[kExposed];
  PagePool* pool;
  size_t pages;  // of it
  Held places[kPlaces];
};

std::atomic<Arena*> the_arena;
std::atomic<uint32_t> none_held;
std::atomic<bool> had_may_be_shared;  // this process or its parents, also before there was an arena

Arena* get() { return the_arena.load(std::memory_order_acquire); }

uint64_t mixed(PipeId id) {
  return (id.inode * 0x9e3779b97f4a7c15u) ^ (id.device * 0xc2b2ae3d27d4eb4fu);
}

// Takes the arena's lock. Whoever died with it may have made a place a pipe's, or free, by half: it
// is whose the place itself says.
bool lock_ids(Arena* arena) {
  const Locked locked = arena->lock.lock();
  if (locked == Locked::kAfterCrash) {
    for (uint32_t i = 0; i < kPlaces; ++i) arena->ids[i] = arena->places[i].id;
    arena->sweep_at = 0;  // a sweep may have ended half-way too
  }
  return locked != Locked::kNo;
}

size_t rounded(size_t size) { return (size + system_page() - 1) / system_page() * system_page(); }

}  // namespace

std::atomic<std::atomic<uint32_t>*> held_pipes{&none_held};

bool make() {
  if (get() != nullptr) return true;
  for (size_t pages = kPages; pages >= 64; pages /= 4) {
    const size_t size = rounded(sizeof(Arena)) + PagePool::bytes_for(pages);
    char* memory = static_cast<char*>(map_memory(size, Sharing::kFamily));
    if (memory == nullptr) continue;
    Arena* fresh = reinterpret_cast<Arena*>(memory);
    fresh->lock.init();
    fresh->pages = pages;
    fresh->sweep_at = pages / 2;
    fresh->pool = PagePool::create(memory + rounded(sizeof(Arena)), pages, Sharing::kFamily);
    Arena* now = nullptr;
    if (the_arena.compare_exchange_strong(now, fresh)) {
      held_pipes.store(&fresh->held, std::memory_order_release);
    } else {
      unmap_memory(memory, size);
    }
    return true;
  }
  return false;
}

// After its owner died its bytes have to be counted again. A place that is nobody's may be half
// made.
static void repair(Held& held) {
  if (held.id.inode != 0) held.front.repair();
}

bool lock(Held* held) {
  const Locked locked = held->lock.lock();
  if (locked == Locked::kAfterCrash) repair(*held);
  return locked != Locked::kNo;
}

Held* find_and_lock(PipeId id) {
  for (;;) {
    Held* const held = find(id);
    if (held == nullptr || !lock(held)) return nullptr;
    if (held->id == id) return held;
    held->lock.unlock();
  }
}

static bool try_lock(Held& held) {
  const Locked locked = held.lock.try_lock();
  if (locked == Locked::kAfterCrash) repair(held);
  return locked != Locked::kNo;
}

// Makes a place the pipe's, if nobody is at it. The arena's lock is held.
static bool enter(Arena* arena, uint32_t place, PipeId id) {
  Held& held = arena->places[place];
  if (!try_lock(held)) return false;
  const bool free = held.id.inode == 0 || held.front.empty();
  if (free) {
    if (held.id.inode != 0) note_empty(&held);
    held.told = false;
    held.id = {0, 0};  // whoever finds it half made finds no bytes of a pipe
    held.front.init(arena->pool, held.slots, Held::kSlots);
    arena->ids[place] = id;
    sync_point();
    held.id = id;
  }
  held.lock.unlock();
  return free;
}

// Frees the pages that processes had in hand when they were killed. Only if nobody is at any place,
// so that no page is in anybody's hands; else another time. The arena's lock is held.
static void sweep(Arena* arena) {
  uint32_t locked = 0;
  while (locked < arena->high && try_lock(arena->places[locked])) ++locked;
  if (locked == arena->high) {
    arena->pool->forget_references();
    for (uint32_t i = 0; i < arena->high; ++i) {
      sync_point();
      if (arena->places[i].id.inode != 0) arena->places[i].front.count_references();
    }
    arena->pool->free_unreferenced();
    arena->sweep_at = std::max(arena->pages / 2, arena->pool->used() + arena->pages / 8);
  }
  while (locked > 0) arena->places[--locked].lock.unlock();
}

Held* find(PipeId id) {
  if (!make()) return nullptr;
  Arena* arena = get();
  if (!lock_ids(arena)) return nullptr;
  if (arena->pool->used() > arena->sweep_at) sweep(arena);
  uint32_t place = 0;
  while (place < arena->high && !(arena->ids[place] == id)) ++place;
  if (place == arena->high) {
    place = 0;
    while (place < arena->high && !(arena->ids[place].inode == 0 && enter(arena, place, id))) {
      ++place;
    }
    if (place == arena->high && place < kPlaces) {
      arena->places[place].lock.init();
      enter(arena, place, id);
      ++arena->high;
    } else if (place == kPlaces) {
      place = 0;
      while (place < kPlaces && !enter(arena, place, id)) ++place;
    }
  }
  arena->lock.unlock();
  return place < kPlaces ? &arena->places[place] : nullptr;
}

void let_go(Held* held) {
  Arena* arena = get();
  if (held->front.empty() && lock_ids(arena)) {
    held->id = {0, 0};
    sync_point();
    arena->ids[held - arena->places] = {0, 0};
    arena->lock.unlock();
  }
  held->lock.unlock();
}

bool holds(PipeId id, size_t* bytes) {
  Arena* arena = get();
  const CriticalSection section;
  if (arena == nullptr || !lock_ids(arena)) return false;
  *bytes = 0;
  for (uint32_t i = 0; i < arena->high; ++i) {
    const Ring& front = arena->places[i].front;
    // The count of bytes is the last thing to be right.
    if (arena->ids[i] == id && !front.empty()) *bytes = std::max<size_t>(front.bytes(), 1);
  }
  arena->lock.unlock();
  return *bytes > 0;
}

void note_held(Held* held) {
  if (held->counted) return;
  get()->held.fetch_add(1);
  held->counted = true;
}

void note_empty(Held* held) {
  if (!held->counted) return;
  held->counted = false;
  get()->held.fetch_sub(1);
}

uint32_t sleep_key(PipeId id) {
  return 1 + static_cast<uint32_t>(mixed(id) >> 40) % (kSleepKeys - 1);
}

bool sleeper(uint32_t key, int by) {
  if (!make()) return false;
  get()->sleepers[key].fetch_add(by);
  return true;
}

bool any_sleepers(uint32_t key) {
  Arena* arena = get();
  return arena != nullptr && arena->sleepers[kAnyPipe].load() + arena->sleepers[key].load() > 0;
}

ReadersInFlight* readers_in_flight(uint32_t key) {
  return make() ? &get()->readers_in_flight[key] : nullptr;
}

void take_turns(uint32_t key) {
  if (!in_turns(key)) get()->in_turns[key].store(true);
}

bool in_turns(uint32_t key) {
  const Arena* arena = get();
  return arena != nullptr && arena->in_turns[key].load();
}

void mark_exposed(PipeId id) {
  if (exposed(id) || !make()) return;
  const uint64_t key = mixed(id);
  for (uint32_t way = 0; way < kWays; ++way) {
    uint64_t free = 0;
    if (get()->exposed[(key + way) % kExposed].compare_exchange_strong(free, key)) return;
  }
  // Full of pipes that were exposed long ago: one of them goes.
  get()->exposed[(key + key / kExposed % kWays) % kExposed].store(key, std::memory_order_relaxed);
}

void note_may_be_shared() {
  had_may_be_shared.store(true, std::memory_order_relaxed);
  if (Arena* arena = get(); arena != nullptr)
    arena->may_be_shared.store(true, std::memory_order_seq_cst);
}

bool may_be_shared() {
  const Arena* arena = get();
  return had_may_be_shared.load(std::memory_order_relaxed) ||
         (arena != nullptr && arena->may_be_shared.load(std::memory_order_seq_cst));
}

bool exposed(PipeId id) {
  Arena* arena = get();
  const uint64_t key = mixed(id);
  for (uint32_t way = 0; arena != nullptr && way < kWays; ++way) {
    if (arena->exposed[(key + way) % kExposed].load(std::memory_order_relaxed) == key) return true;
  }
  return false;
}

}  // namespace anysplice::arena
