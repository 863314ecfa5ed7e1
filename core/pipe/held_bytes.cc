#include "core/pipe/held_bytes.h"

#include <algorithm>

#include "core/base/placement.h"
#include "core/base/sync_point.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/critical_section.h"
#include "core/sys/memory.h"
#include "core/sys/sys.h"

namespace anysplice::held_bytes {
namespace {

// Places are mapped some at a time, as they are needed; the first of them are there.
constexpr uint32_t kChunk = 16;
constexpr uint32_t kPlaces = 1024;

ANYSPLICE_SELDOM constinit Held first_places[kChunk]{};
std::atomic<Held*> chunks[kPlaces / kChunk] = {first_places};
// Guards high and the ids, together with each place's own lock.
constinit HandlerAwareMutex directory{};
uint32_t high;                         // no place from here on was ever used
ANYSPLICE_SELDOM PipeId ids[kPlaces];  // inode 0: a free place

Held& place(uint32_t number) {
  return chunks[number / kChunk].load(std::memory_order_acquire)[number % kChunk];
}

// Makes a place the pipe's, if nobody is at it. The directory's lock is held.
bool enter(uint32_t number, PipeId id) {
  Held& held = place(number);
  if (held.lock.try_lock() == Locked::kNo) return false;
  const bool free = held.id.inode == 0 || held.front.empty();
  if (free) {
    if (held.id.inode != 0) note_empty(&held);
    if (!(held.told_of == id)) held.told_of = {0, 0};
    held.front.init(ring_pool(), held.slots, Held::kSlots);
    held.id = ids[number] = id;
  }
  held.lock.unlock();
  return free;
}

bool add_place() {
  if (high == kPlaces) return false;
  std::atomic<Held*>& chunk = chunks[high / kChunk];
  if (chunk.load(std::memory_order_relaxed) == nullptr) {
    void* const memory = map_memory(kChunk * sizeof(Held), Sharing::kPrivate);
    if (memory == nullptr) return false;
    chunk.store(static_cast<Held*>(memory), std::memory_order_release);
  }
  ++high;
  return true;
}

}  // namespace

std::atomic<uint32_t> pipes_with_bytes;

bool lock(Held* held) {
  const Locked locked = held->lock.lock();
  if (locked == Locked::kAfterCrash && held->id.inode != 0) held->front.repair();
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

Held* find(PipeId id) {
  if (ring_pool() == nullptr || directory.lock() == Locked::kNo) return nullptr;
  PipeId* const known = std::find(ids, ids + high, id);
  uint32_t number = static_cast<uint32_t>(known - ids);
  if (number == high) {
    number = 0;
    while (number < high && !(ids[number].inode == 0 && enter(number, id))) ++number;
    if (number == high && (!add_place() || !enter(number, id))) {
      // Perhaps one that a pipe has left without its bytes.
      number = 0;
      while (number < high && !enter(number, id)) ++number;
    }
  }
  Held* const held = number < high ? &place(number) : nullptr;
  directory.unlock();
  return held;
}

void let_go(Held* held) {
  if (held->front.empty() && directory.lock() != Locked::kNo) {
    for (uint32_t number = 0; number < high; ++number) {
      if (&place(number) == held) ids[number] = {0, 0};
    }
    held->id = {0, 0};
    directory.unlock();
  }
  held->lock.unlock();
}

void leave(Held* held, PipeId id) {
  if (held->lock.try_lock() == Locked::kNo) return;  // who has it lets go of it
  held->id == id ? let_go(held) : held->lock.unlock();
}

bool holds(PipeId id, size_t* bytes) {
  if (pipes_with_bytes.load(std::memory_order_acquire) == 0) return false;
  const CriticalSection section;
  if (directory.lock() == Locked::kNo) return false;
  *bytes = 0;
  for (uint32_t number = 0; number < high; ++number) {
    const Ring& front = place(number).front;
    // The count of bytes is the last thing to be right.
    if (ids[number] == id && !front.empty()) *bytes = std::max<size_t>(front.bytes(), 1);
  }
  directory.unlock();
  return *bytes > 0;
}

bool wait_for_calls() {
  int patience_ms = 100;
  const CriticalSection section;
  if (directory.lock() == Locked::kNo) return false;
  const uint32_t places = high;
  directory.unlock();
  for (uint32_t number = 0; number < places; ++number) {
    HandlerAwareMutex& busy = place(number).lock;
    while (busy.try_lock() == Locked::kNo) {
      if (patience_ms-- == 0) return false;
      sys->poll(nullptr, 0, 1);
    }
    busy.unlock();
  }
  return true;
}

bool busy(PipeId id) {
  const CriticalSection section;
  if (directory.lock() == Locked::kNo) return true;
  const PipeId* const known = std::find(ids, ids + high, id);
  const auto number = static_cast<uint32_t>(known - ids);
  bool busy = false;
  if (number < high) {
    busy = place(number).lock.try_lock() == Locked::kNo;
    if (!busy) place(number).lock.unlock();
  }
  directory.unlock();
  return busy;
}

void note_held(Held* held) {
  if (held->counted) return;
  pipes_with_bytes.fetch_add(1);
  held->counted = true;
}

void note_empty(Held* held) {
  if (!held->counted) return;
  held->counted = false;
  pipes_with_bytes.fetch_sub(1);
}

void forget_all() {
  directory.init();
  for (uint32_t number = 0; number < high; ++number) {
    Held& held = place(number);
    held.lock.init();
    held.front.consume(held.front.bytes());
    held.counted = false;
    held.id = ids[number] = {0, 0};
  }
  pipes_with_bytes.store(0);
}

}  // namespace anysplice::held_bytes
