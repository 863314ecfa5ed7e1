#include "core/pipe/pipe_table.h"

#include <algorithm>
#include <bit>

#include "core/base/placement.h"
#include "core/base/sync_point.h"
#include "core/sys/memory.h"

namespace anysplice {
namespace {

// The first are part of this object (memory/ring_pool.h says why); then each chunk is as large as
// all before it.
constexpr uint32_t kFirstPipes = 64;
constexpr uint32_t kChunks = std::bit_width(kPipes / kFirstPipes) - 1;

ANYSPLICE_SELDOM constinit Pipe first_pipes[kFirstPipes]{};
std::atomic<Pipe*> chunks[kChunks];
std::atomic<uint32_t> high;
// Head of the list of retired pipes: number + 1, and a count against ABA in the upper half.
std::atomic<uint64_t> free_list;

// Of a number beyond the first: the pipes of its chunk, whose first number that also is.
uint32_t chunk_size(uint32_t number) { return std::bit_floor(number); }
std::atomic<Pipe*>& chunk_of(uint32_t number) {
  return chunks[std::bit_width(number / kFirstPipes) - 1];
}

// Sees to it that a pipe has its place. False without memory.
bool make_place(uint32_t number) {
  if (number < kFirstPipes) return true;
  std::atomic<Pipe*>& chunk = chunk_of(number);
  Pipe* now = chunk.load(std::memory_order_acquire);
  if (now != nullptr) return true;
  const size_t size = chunk_size(number) * sizeof(Pipe);
  void* fresh = map_memory(size, Sharing::kPrivate);
  if (fresh == nullptr) return false;
  if (!chunk.compare_exchange_strong(now, static_cast<Pipe*>(fresh))) unmap_memory(fresh, size);
  return true;
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
    if (number == kPipes || !make_place(number)) return nullptr;
  } while (!high.compare_exchange_weak(number, number + 1, std::memory_order_acq_rel));
  Pipe* pipe = pipe_number(number);
  pipe->number = number;
  return pipe;
}

size_t pages_for_slots(size_t slots) { return (slots * sizeof(uint64_t) + kPage - 1) / kPage; }

// Room for so many slots: the pipe's own, or pages. Null without memory.
uint64_t* slots_for(Pipe* pipe, size_t slots) {
  if (slots <= Pipe::kInlineSlots) return pipe->inline_slots;
  return reinterpret_cast<uint64_t*>(ring_pool()->take_whole(pages_for_slots(slots)));
}

void give_slots_back(Pipe* pipe, uint64_t* slots, uint32_t capacity) {
  if (slots != pipe->inline_slots) {
    ring_pool()->put(reinterpret_cast<char*>(slots), pages_for_slots(capacity));
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
Pipe* pipe_number(uint32_t number) {
  if (number < kFirstPipes) return &first_pipes[number];
  return chunk_of(number).load(std::memory_order_acquire) + (number - chunk_size(number));
}
Pipe* pipe_of(FdEntry entry) { return pipe_number(entry.pipe()); }

void enter_pipe(const int fds[2], bool nonblock, bool packets) {
  if (static_cast<unsigned>(std::max(fds[0], fds[1])) >= kFdLimit) return;
  Pipe* pipe = pop_free();
  if (pipe == nullptr) return;
  for (End end : {kRead, kWrite}) {
    pipe->descriptors[end] = 1;
    pipe->fd[end] = fds[end];
    pipe->nonblock[end] = nonblock;
  }
  pipe->sharers.store(0, std::memory_order_relaxed);
  pipe->granted.store(0, std::memory_order_relaxed);
  pipe->exposed.store(false, std::memory_order_relaxed);
  pipe->given.store(false, std::memory_order_relaxed);
  pipe->key.store(kAnyPipe, std::memory_order_relaxed);
  pipe->seen_because.store(kNoReason, std::memory_order_relaxed);
  pipe->bypassed.store(false, std::memory_order_relaxed);
  pipe->packets.store(packets, std::memory_order_relaxed);
  pipe->state.store(packets ? PipeState::kKernel : PipeState::kCandidate,
                    std::memory_order_release);
  const uint32_t number = pipe->number;
  sync_point();
  set_fd_entry(fds[0], FdEntry::of(FdKind::kReadEnd, number));
  set_fd_entry(fds[1], FdEntry::of(FdKind::kWriteEnd, number));
}

void retire_pipe(Pipe* pipe) {
  pipe->state.store(PipeState::kUnused, std::memory_order_release);
  sync_point();
  pipe->lock.unlock();
  const uint32_t number = pipe->number;
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

}  // namespace anysplice
