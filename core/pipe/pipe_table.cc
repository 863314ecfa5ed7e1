#include "core/pipe/pipe_table.h"

#include <algorithm>
#include <bit>

#include "core/base/sync_point.h"
#include "core/sys/memory.h"

namespace anysplice {
namespace {

// 1 GiB of addresses, where there are enough of them.
constexpr size_t kRingPages = sizeof(void*) > 4 ? 1u << 18 : 1u << 14;

std::atomic<Pipe*> table;
std::atomic<uint32_t> high;
// Head of the list of retired pipes: number + 1, and a count against ABA in the upper half.
std::atomic<uint64_t> free_list;
std::atomic<PagePool*> pool;

Pipe* pipes() {
  Pipe* now = table.load(std::memory_order_acquire);
  if (now != nullptr) return now;
  const size_t size = kPipes * sizeof(Pipe);
  void* fresh = map_memory(size, Sharing::kPrivate);
  if (fresh == nullptr) return nullptr;
  if (table.compare_exchange_strong(now, static_cast<Pipe*>(fresh)))
    return static_cast<Pipe*>(fresh);
  unmap_memory(fresh, size);
  return now;
}

Pipe* pop_free() {
  uint64_t head = free_list.load(std::memory_order_acquire);
  while (static_cast<uint32_t>(head) != 0) {
    Pipe* pipe = pipe_number(static_cast<uint32_t>(head) - 1);
    const uint64_t next =
        ((head >> 32) + 1) << 32 | pipe->next_free.load(std::memory_order_relaxed);
    if (free_list.compare_exchange_weak(head, next, std::memory_order_acq_rel)) return pipe;
  }
  uint32_t number = high.load(std::memory_order_relaxed);
  do {
    if (number == kPipes) return nullptr;
  } while (!high.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel));
  return pipe_number(number);
}

size_t pages_for_slots(size_t slots) { return (slots * sizeof(uint64_t) + kPage - 1) / kPage; }

void give_pages(char* memory, size_t pages) {
  for (size_t i = 0; i < pages; ++i) ring_pool()->put(memory + i * kPage);
}

// Room for so many slots: the pipe's own, or pages. Null without memory.
uint64_t* slots_for(Pipe* pipe, size_t slots) {
  if (slots <= Pipe::kInlineSlots) return pipe->inline_slots;
  const size_t want = pages_for_slots(slots);
  size_t pages = 0;
  char* memory = ring_pool()->take(want, &pages);
  if (memory != nullptr && pages < want) {
    give_pages(memory, pages);
    return nullptr;
  }
  return reinterpret_cast<uint64_t*>(memory);
}

void give_slots_back(Pipe* pipe, uint64_t* slots, uint32_t capacity) {
  if (slots != pipe->inline_slots) {
    give_pages(reinterpret_cast<char*>(slots), pages_for_slots(capacity));
  }
}

}  // namespace

bool give_ring(Pipe* pipe, size_t slots) {
  if (ring_pool() == nullptr || !std::has_single_bit(slots)) return false;
  uint64_t* room = slots_for(pipe, slots);
  if (room == nullptr) return false;
  pipe->ring.init(ring_pool(), room, static_cast<uint32_t>(slots));
  return true;
}

bool resize_ring(Pipe* pipe, size_t slots) {
  if (slots == pipe->ring.capacity()) return true;
  uint64_t* room = slots_for(pipe, slots);
  if (room == nullptr) return false;
  if (room == pipe->ring.slots()) {  // both inline: aside and back
    uint64_t aside[Pipe::kInlineSlots];
    pipe->ring.rehouse(aside, Pipe::kInlineSlots);
    pipe->ring.rehouse(room, static_cast<uint32_t>(slots));
    return true;
  }
  uint64_t* old = pipe->ring.slots();
  const uint32_t old_capacity = pipe->ring.capacity();
  pipe->ring.rehouse(room, static_cast<uint32_t>(slots));
  give_slots_back(pipe, old, old_capacity);
  return true;
}

void release_ring(Pipe* pipe) { give_slots_back(pipe, pipe->ring.slots(), pipe->ring.capacity()); }

uint32_t pipe_high() { return high.load(std::memory_order_acquire); }
Pipe* pipe_number(uint32_t number) { return table.load(std::memory_order_acquire) + number; }
uint32_t pipe_number_of(const Pipe* pipe) { return static_cast<uint32_t>(pipe - pipe_number(0)); }
Pipe* pipe_of(FdEntry entry) { return pipe_number(entry.pipe()); }

void enter_pipe(const int fds[2], bool nonblock, bool packets) {
  if (static_cast<unsigned>(std::max(fds[0], fds[1])) >= kFdLimit || pipes() == nullptr) return;
  Pipe* pipe = pop_free();
  if (pipe == nullptr) return;
  for (End end : {kRead, kWrite}) {
    pipe->descriptors[end] = 1;
    pipe->fd[end] = fds[end];
    pipe->nonblock[end] = nonblock;
  }
  pipe->sharers.store(0, std::memory_order_relaxed);
  pipe->key.store(kAnyPipe, std::memory_order_relaxed);
  pipe->seen_because.store(kNoReason, std::memory_order_relaxed);
  pipe->bypassed.store(false, std::memory_order_relaxed);
  pipe->packets.store(packets, std::memory_order_relaxed);
  pipe->state.store(packets ? PipeState::kKernel : PipeState::kCandidate,
                    std::memory_order_release);
  const uint32_t number = pipe_number_of(pipe);
  sync_point();
  set_fd_entry(fds[0], FdEntry::of(FdKind::kReadEnd, number));
  set_fd_entry(fds[1], FdEntry::of(FdKind::kWriteEnd, number));
}

void retire_pipe(Pipe* pipe) {
  pipe->state.store(PipeState::kUnused, std::memory_order_release);
  sync_point();
  pipe->lock.unlock();
  const uint32_t number = pipe_number_of(pipe);
  uint64_t head = free_list.load(std::memory_order_relaxed);
  uint64_t next;
  do {
    pipe->next_free.store(static_cast<uint32_t>(head), std::memory_order_relaxed);
    next = ((head >> 32) + 1) << 32 | (number + 1);
  } while (!free_list.compare_exchange_weak(head, next, std::memory_order_acq_rel));
}

bool lock_entry(int fd, FdEntry entry, Pipe* pipe) {
  const Locked locked = pipe->lock.lock();
  if (locked == Locked::kNo) return false;
  const bool ring = pipe->state.load(std::memory_order_relaxed) == PipeState::kRing;
  if (locked == Locked::kAfterCrash && ring) pipe->ring.repair();
  if (fd_entry(fd) == entry && pipe->state.load(std::memory_order_relaxed) != PipeState::kUnused) {
    return true;
  }
  pipe->lock.unlock();
  return false;
}

void settle_when_unlocked(Pipe* pipe, SettleReason reason) {
  pipe->seen_because.store(static_cast<int>(reason), std::memory_order_relaxed);
  pipe->bypassed.store(true, std::memory_order_seq_cst);
}

PagePool* ring_pool() {
  PagePool* now = pool.load(std::memory_order_acquire);
  if (now != nullptr) return now;
  size_t pages = kRingPages;
  void* memory = nullptr;
  for (; memory == nullptr && pages >= 64; pages /= 4) {
    memory = map_memory(PagePool::bytes_for(pages), Sharing::kPrivate);
    if (memory != nullptr) break;
  }
  if (memory == nullptr) return nullptr;
  PagePool* fresh = PagePool::create(memory, pages, Sharing::kPrivate);
  if (pool.compare_exchange_strong(now, fresh)) return fresh;
  unmap_memory(memory, PagePool::bytes_for(pages));
  return now;
}

}  // namespace anysplice
