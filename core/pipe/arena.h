// Memory shared with every process forked from this one: the bytes held at the front of kernel
// pipes, and what all of them must know of those pipes.
//
// Made at the first need or the first fork, and inherited. Between processes its locks survive the
// death of their owner. Safe in signal handlers inside a CriticalSection.
#ifndef ANYSPLICE_CORE_PIPE_ARENA_H_
#define ANYSPLICE_CORE_PIPE_ARENA_H_

#include <stdint.h>
#include <sys/types.h>

#include <atomic>

#include "core/memory/ring.h"
#include "core/pipe/readers_in_flight.h"
#include "core/sys/mutex.h"

namespace anysplice {

// Which pipe: the same for every descriptor of it in every process.
struct PipeId {
  uint64_t device;
  uint64_t inode;
  bool operator==(const PipeId&) const = default;
};

// A kernel pipe that a call is working on, or that has bytes held in front of the kernel's.
struct Held {
  // Room for what a pipe of 1 MiB can have, twice, in slots that are not all full.
  static constexpr uint32_t kSlots = 1024;

  ProcessSharedMutex lock;  // guards the rest, and makes calls on one pipe take turns
  PipeId id;                // whose it is; inode 0: nobody's
  bool counted;             // among those that may have bytes
  bool told;                // that its bytes cannot be put back
  Ring front;
  uint64_t slots[kSlots];
};

namespace arena {

// Makes the arena if there is none. False if no memory is to be had.
bool make();

// Finds or enters the pipe; null when the arena has no place left. What is found may be another
// pipe's by the time it is locked: look at its id then.
Held* find(PipeId id);
// Locks what was found. False in a signal handler that interrupted the owner of the lock.
bool lock(Held* held);
// Both, and it is that pipe's. Null without a place, or in such a handler.
Held* find_and_lock(PipeId id);
// Unlocks it; without bytes its place is free for others. Whoever dies before leaves a place that
// is taken over when there is no other.
void let_go(Held* held);

// The pipe's entry if it has bytes held, to look at without locking; null otherwise.
bool holds(PipeId id, size_t* bytes);

// Whether any pipe of the family has bytes held: one load, the hot path's question.
extern std::atomic<std::atomic<uint32_t>*> held_pipes;
inline bool any_held() {
  return held_pipes.load(std::memory_order_acquire)->load(std::memory_order_acquire) != 0;
}
// Told before bytes are taken from the kernel's pipe, so that whoever dies in the middle leaves
// nothing that others do not look for; and when there are none. The lock is held.
void note_held(Held* held);
void note_empty(Held* held);

// Threads of the family that may be waiting in the kernel for a pipe to become readable. While
// there are any, nothing stays held after a call: they would not wake for it. `key` is of the pipe
// (sleep_key()), or kAnyPipe; different pipes may share a key.
inline constexpr uint32_t kAnyPipe = 0;
uint32_t sleep_key(PipeId id);
// False if there is no memory to count in: then it must not be counted off again.
bool sleeper(uint32_t key, int by);
bool any_sleepers(uint32_t key);

// The sleepers on pipes of a key that are in a read; null if there is no memory to count in.
ReadersInFlight* readers_in_flight(uint32_t key);
// Told before bytes are taken out to be held. From then on reads of the key's pipes take turns,
// with the pipe's lock, and wait without taking anything.
void take_turns(uint32_t key);
bool in_turns(uint32_t key);

// A pipe that somebody outside the engine may read or watch: nothing stays held after a call.
void mark_exposed(PipeId id);
bool exposed(PipeId id);

// Told before a fork or the start of a program. From then on another may have, or sleep on, any
// pipe that was not made in the family and never looked at: it counts as exposed. (So does one that
// is first looked at in a process with threads.)
void note_may_be_shared();
bool may_be_shared();

}  // namespace arena
}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_ARENA_H_
