#include "core/memory/lasting_memory.h"

#include <algorithm>
#include <atomic>

#include "core/base/placement.h"
#include "core/policy/mode.h"
#include "core/sys/critical_section.h"
#include "core/sys/memory.h"
#include "core/sys/mutex.h"
#include "core/sys/program_memory.h"

namespace anysplice::lasting_memory {
namespace {

using program_memory::Area;

// What is beyond these is copied.
constexpr size_t kMostData = 64;
constexpr size_t kMostMapped = 256;
// The stack of a thread that did not choose its own has that much below its variables.
constexpr uintptr_t kOwnStack = 128 * 1024;

std::atomic<bool> learned;
bool losses_seen;
std::atomic<bool> some_lost;  // of the data or the first thread's stack
uint32_t first_thread;
ANYSPLICE_LIST Area data[kMostData];
size_t data_count;
Area main_stack;

HandlerAwareMutex mapped_lock;              // guards what follows
ANYSPLICE_SELDOM Area mapped[kMostMapped];  // empty: a free place
std::atomic<size_t> mapped_high;            // no place from here on was ever used
std::atomic<uint32_t> changes;              // of mappings, counted

// Where this thread last found an address: programs send the same buffers again and again.
struct Last {
  Area area;
  Kind kind;
  uint32_t changes;
};
thread_local Last last;

// Looks through areas for the one that an address lies in, and else for where the next one begins.
struct Finder {
  uintptr_t at;
  uintptr_t end;
  Kind kind = Kind::kPassing;

  bool look(Area area, Kind its) {
    if (area.start <= at && at < area.end) {
      kind = its;
      end = area.end;
      return true;
    }
    if (area.start > at && area.start < area.end) end = std::min(end, area.start);
    return false;
  }
};

uintptr_t this_page() {
  const uintptr_t page = system_page();
  return reinterpret_cast<uintptr_t>(__builtin_frame_address(0)) / page * page;
}

// What is in use of the first thread's stack, if this code runs on it: the rest need not be there.
Area used_stack() {
  const uintptr_t here = this_page();
  const bool on_it = main_stack.start <= here && here < main_stack.end;
  return on_it ? Area{here, main_stack.end} : Area{0, 0};
}

// The stack of this thread, if it is one of libc's: its thread-local variables are at the top.
Area own_stack() {
  static thread_local char mine;
  if (!losses_seen || thread::number() == first_thread) return {0, 0};
  const uintptr_t here = this_page();
  const uintptr_t page = system_page();
  const uintptr_t top = reinterpret_cast<uintptr_t>(&mine) / page * page;
  return top > here && top - here <= kOwnStack ? Area{here, top} : Area{0, 0};
}

void find(Finder& finder) {
  if (finder.look(own_stack(), Kind::kOwnStack)) return;
  if (finder.look(used_stack(), Kind::kPermanent)) return;
  const uint32_t now = changes.load(std::memory_order_acquire);
  if (last.changes == now && finder.look(last.area, last.kind)) return;
  const auto look = [&](Area area, Kind kind) {
    if (!finder.look(area, kind)) return false;
    last = {area, kind, now};
    return true;
  };
  for (size_t i = 0; i < data_count; ++i) {
    if (look(data[i], Kind::kPermanent)) return;
  }
  if (look(main_stack, Kind::kLasting)) return;
  if (data_count > 0 && finder.look(program_memory::heap(data[0].end), Kind::kLasting)) return;
  if (mapped_lock.lock() == Locked::kNo) return;
  for (size_t i = 0; i < mapped_high; ++i) {
    if (look(mapped[i], Kind::kLasting)) break;
  }
  mapped_lock.unlock();
}

void enter(Area area) {
  size_t free = 0;
  while (free < mapped_high && mapped[free].end > mapped[free].start) ++free;
  if (free == kMostMapped) return;
  mapped[free] = area;
  mapped_high = std::max<size_t>(mapped_high, free + 1);
}

bool leave(Area area) {
  bool any = false;
  for (size_t i = 0; i < mapped_high; ++i) {
    const Area before = mapped[i];
    if (before.start >= area.end || area.start >= before.end) continue;
    any = true;
    mapped[i] = {before.start, std::max(before.start, area.start)};
    const Area behind{std::min(before.end, area.end), before.end};
    if (behind.start >= behind.end) continue;
    if (mapped[i].start == mapped[i].end) {
      mapped[i] = behind;
    } else {
      enter(behind);
    }
  }
  return any;
}

// Changes the mappings, in whole pages. (From within a page nothing is unmapped or mapped.)
bool change(const void* at, size_t size, bool (*how)(Area)) {
  if (!learned.load(std::memory_order_acquire) || size == 0) return false;
  const auto start = reinterpret_cast<uintptr_t>(at);
  const uintptr_t page = system_page();
  if (start % page != 0) return false;
  const CriticalSection section;
  if (mapped_lock.lock() == Locked::kNo) return false;
  const bool any = how({start, start + (size + page - 1) / page * page});
  changes.fetch_add(1, std::memory_order_release);
  mapped_lock.unlock();
  return any;
}

}  // namespace

ANYSPLICE_AT_START void learn(bool all_seen) {
  losses_seen = all_seen;
  first_thread = thread::number();
  data_count = program_memory::data(data, kMostData);
  main_stack = program_memory::stack();
  learned.store(true, std::memory_order_release);
}

void losing(const void* at, size_t size) {
  if (!learned.load(std::memory_order_acquire) || some_lost.load(std::memory_order_relaxed)) return;
  const auto start = reinterpret_cast<uintptr_t>(at);
  const uintptr_t end = start + std::min(size, UINTPTR_MAX - start);
  const auto meets = [=](Area area) { return area.start < end && start < area.end; };
  if (meets(main_stack) || std::any_of(data, data + data_count, meets)) some_lost = true;
}

bool remove(const void* at, size_t size) {
  return mapped_high.load(std::memory_order_relaxed) != 0 && change(at, size, leave);
}

void add(const void* at, size_t size) {
  if (!engine_may_answer() || !vmsplice_refers()) {
    remove(at, size);
    return;
  }
  change(at, size, [](Area area) {
    leave(area);
    enter(area);
    return true;
  });
}

size_t size_of(const void* at) {
  if (!learned.load(std::memory_order_acquire)) return 0;
  const CriticalSection section;
  if (mapped_lock.lock() == Locked::kNo) return 0;
  size_t size = 0;
  for (size_t i = 0; i < mapped_high && size == 0; ++i) {
    if (mapped[i].start == reinterpret_cast<uintptr_t>(at)) size = mapped[i].end - mapped[i].start;
  }
  mapped_lock.unlock();
  return size;
}

Part part_of(const void* at, size_t size) {
  if (!learned.load(std::memory_order_acquire)) return {size, Kind::kPassing};
  const auto start = reinterpret_cast<uintptr_t>(at);
  Finder finder{start, start + size};
  find(finder);
  if (finder.kind == Kind::kPermanent && !still_permanent()) finder.kind = Kind::kLasting;
  return {std::min(size, finder.end - start), finder.kind};
}

bool still_permanent() { return losses_seen && !some_lost; }

void become_child() { mapped_lock.init(); }

}  // namespace anysplice::lasting_memory
