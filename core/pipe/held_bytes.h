// The bytes that this process holds in front of a kernel pipe's own, and the lock under which a
// call works on a kernel pipe.
//
// All of it is private memory. What is held belongs to this process alone: a fork puts it back
// first, and of a pipe that others may read nothing stays held after a call (exposed_pipes.h).
//
// Thread-safe. Safe in signal handlers inside a CriticalSection.
#ifndef ANYSPLICE_CORE_PIPE_HELD_BYTES_H_
#define ANYSPLICE_CORE_PIPE_HELD_BYTES_H_

#include <atomic>

#include "core/memory/ring.h"
#include "core/pipe/pipe_id.h"
#include "core/pipe/turns.h"
#include "core/sys/mutex.h"

namespace anysplice {

// A kernel pipe that a call is working on, or that has bytes held in front of the kernel's.
struct Held {
  // Room for what a pipe of 1 MiB can have, twice, in slots that are not all full.
  static constexpr uint32_t kSlots = 1024;

  HandlerAwareMutex lock;  // guards the rest, and makes calls on one pipe take turns
  PipeId id;               // whose it is; inode 0: nobody's
  bool counted;            // among those that may have bytes
  PipeId told_of;          // a pipe of which was said that its bytes cannot be put back
  Ring front;
  uint64_t slots[kSlots];
};

namespace held_bytes {

// Finds or enters the pipe; null when there is no place left, or no memory. What is found may be
// another pipe's by the time it is locked: look at its id then.
Held* find(PipeId id);
// Locks what was found. False in a signal handler that interrupted the owner of the lock.
bool lock(Held* held);
// Both, and it is that pipe's. Null without a place, or in such a handler.
Held* find_and_lock(PipeId id);
// Unlocks it; without bytes its place is free for others.
void let_go(Held* held);
// What was found for that pipe is not to be locked: its place is free for others, likewise.
void leave(Held* held, PipeId id);

// Whether the pipe has bytes held, and how many at least; looked at without locking the pipe.
bool holds(PipeId id, size_t* bytes);

// Waits until every call that works on a kernel pipe now is over: what is told to calls by other
// means (sharers.h) all later ones have heard. Not for ever, as one of them may be waiting for us,
// by a file system of this process say: false if one goes on.
bool wait_for_calls();
// Whether a call works on that pipe now.
bool busy(PipeId id);

// Told before bytes are taken from the kernel's pipe, and when none are left. The lock is held.
void note_held(Held* held);
void note_empty(Held* held);

// How many pipes may have bytes held.
extern std::atomic<uint32_t> pipes_with_bytes;

// The hot path's question: whether unread bytes of any pipe may be elsewhere than in the kernel,
// here or, for the time of a call, with a related process.
inline bool any() {
  return pipes_with_bytes.load(std::memory_order_acquire) != 0 || turns::in_use();
}

// In the child of a fork: what a handler of the parent's interrupted work on is the parent's.
void forget_all();

}  // namespace held_bytes
}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_HELD_BYTES_H_
