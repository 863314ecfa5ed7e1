// The pipes this process made, and where the bytes of each are.
//
// A pipe is in one of these states; only the arrows shown happen:
//
//   candidate --first call of the family, if the engine carries it--> ring --settle--> kernel
//       `----------------------- anything that may wait or share ------------------^
//
// candidate and kernel: unread bytes are in the kernel's pipe (and, for kernel, held in front of
// it). ring: the kernel's pipe is empty and every unread byte is in `ring`.
//
// Thread-safe and async-signal-safe. A locked pipe is its thread's: only the atomics may be touched
// without the lock, and lock_entry() fails in a signal handler that interrupted the owner. Entering
// and retiring pipes, and the memory for rings, are lock-free.
#ifndef ANYSPLICE_CORE_PIPE_PIPE_TABLE_H_
#define ANYSPLICE_CORE_PIPE_PIPE_TABLE_H_

#include <stdint.h>

#include <atomic>

#include "core/fd/fd_table.h"
#include "core/memory/ring.h"
#include "core/memory/ring_pool.h"
#include "core/pipe/pipe_id.h"
#include "core/pipe/readers_in_flight.h"
#include "core/sys/mutex.h"
#include "core/telemetry/settle_reason.h"

namespace anysplice {

enum class PipeState : uint32_t { kUnused, kCandidate, kRing, kKernel };

// Indexes of what a pipe has once for each end.
enum End { kRead = 0, kWrite = 1 };

struct Pipe {
  static constexpr uint32_t kInlineSlots = 16;

  uint32_t number;
  HandlerAwareMutex lock;  // guards everything but the atomics
  std::atomic<PipeState> state;
  // Calls that may be waiting in the kernel on this pipe, as counted while it is a candidate.
  std::atomic<int> in_kernel;
  std::atomic<int> readers;       // the reads among them
  std::atomic<int> lost_readers;  // and those of them that do not come
  // Bytes reached the kernel's pipe past a ring: written by a handler that interrupted the owner of
  // the lock, who takes them in before others get it.
  std::atomic<bool> bypassed;
  // Not kNoReason: others may see the pipe from then on, because of such a handler, and the owner
  // settles it. (Told together with `bypassed`.)
  std::atomic<int> seen_because;
  std::atomic<uint32_t> next_free;
  std::atomic<PipeKey> key;       // pipe_identity.h; kAnyPipe while not known
  std::atomic<uint64_t> sharers;  // sharers.h
  std::atomic<size_t> granted;    // by the last F_SETPIPE_SZ of a candidate, 0 if there was none
  std::atomic<bool> exposed;      // as by exposed_pipes::mark(), without having asked for its id
  std::atomic<bool> given;        // sharers.h
  int descriptors[2];             // how many numbers name each end
  int fd[2];                      // one of them, -1 if unknown
  std::atomic<bool> nonblock[2];  // O_NONBLOCK of each end, while ring
  std::atomic<bool> packets;      // O_DIRECT was set on the write end at some time
  Ring ring;

  ReadersInFlight readers_in_flight() { return {readers, lost_readers}; }

  uint64_t inline_slots[kInlineSlots];
};

// The pipe of an entry that is ours(), and which end of it.
Pipe* pipe_of(FdEntry entry);
inline End end_of(FdEntry entry) { return entry.kind() == FdKind::kWriteEnd ? kWrite : kRead; }

// Enters a fresh pipe (both descriptors known only to the caller): as a candidate, or, if its
// writes are packets (O_DIRECT, pipe(2)), as the kernel's. Does nothing if the numbers are beyond
// the table, or no memory is to be had.
void enter_pipe(const int fds[2], bool nonblock, bool packets);

// Forgets a pipe with no descriptors left; its lock is held by the caller, and released.
void retire_pipe(Pipe* pipe);

// Locks the pipe of fd if it still is the entry's. False if the entry went stale meanwhile or the
// lock belongs to the code that this signal handler interrupted.
bool lock_entry(int fd, FdEntry entry, Pipe* pipe);

// In such a handler: the pipe is to be settled when its lock is free again.
inline constexpr int kNoReason = -1;
void settle_when_unlocked(Pipe* pipe, SettleReason reason);

// Pipes are numbered from 0; none from pipe_high() on was ever used.
inline constexpr uint32_t kPipes = 1u << 16;
uint32_t pipe_high();
Pipe* pipe_number(uint32_t number);

// Gives a locked pipe an empty ring of that many slots, as the kernel's pipe has. False without
// memory. release_ring takes it away again; it must be empty.
bool give_ring(Pipe* pipe, size_t slots);
bool resize_ring(Pipe* pipe, size_t slots);
void release_ring(Pipe* pipe);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_PIPE_TABLE_H_
