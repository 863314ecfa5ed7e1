// Whose turn it is on a kernel pipe: what a call and its neighbours, in other threads and in
// related processes (forked from one another), must know to take bytes out of a pipe one after
// another.
//
// Between related processes this is one page of shared memory, made before a fork of a process in
// which the engine carries calls. It is input from whoever else has it, who may be less privileged
// by now, or malicious: there are no bytes of any pipe in it, no addresses, sizes or indexes, and
// nothing that is waited for without a limit. A process that lies there can make others' turns on
// pipes that they share fail, and cost each of them kMostVainWaits short waits, after which they no
// longer look at it. A process that gives up privileges leaves it (leave()).
//
// Thread-safe and async-signal-safe; errno is kept.
#ifndef ANYSPLICE_CORE_PIPE_TURNS_H_
#define ANYSPLICE_CORE_PIPE_TURNS_H_

#include <stdint.h>

#include <atomic>

#include "core/pipe/pipe_id.h"
#include "core/pipe/readers_in_flight.h"

namespace anysplice::turns {

// The page. A stranger to the program's data on purpose.
struct Shared {
  std::atomic<uint32_t> in_use;  // somebody takes turns
  struct Turn {
    std::atomic<uint32_t> owner;  // 0: free
    std::atomic<int> readers;
    std::atomic<uint32_t> taken;  // reads take turns too
  } turn[kPipeKeys];
};

// Tells related processes from here on, those that are forked later, whose turn it is. Without
// memory for that they do without.
void share_with_children();
// No longer takes part, nor believes in it.
void leave();
// Children from here on may be in another PID namespace: process numbers tell nothing any more.
void note_namespace();
bool shared();

// A related process's call on a pipe that others may have: one at a time, as long as all keep to
// the rules. What enter() returns is for exit(); 0 if there is nothing to be given back.
uint32_t enter(PipeKey key);
void exit(PipeKey key, uint32_t token);

// The readers in flight on pipes of a key: in this process, and in related ones.
ReadersInFlight readers_here(PipeKey key);
ReadersInFlight readers_elsewhere(PipeKey key);  // only if shared()
// Told when readers elsewhere were waited for in vain.
void waited_in_vain();

// Told before bytes are taken out to be held. From then on reads of the key's pipes take turns with
// the pipe's lock, and wait without taking anything.
void begin(PipeKey key);
bool begun(PipeKey key);

// Whether a related process takes turns: bytes of any pipe may be with it for the time of a call.
extern std::atomic<const std::atomic<uint32_t>*> in_use_at;
inline bool in_use() {
  return in_use_at.load(std::memory_order_acquire)->load(std::memory_order_relaxed) != 0;
}

// The hot path's question: whether turns may have begun on any pipe.
extern std::atomic<bool> begun_here;
inline bool any_begun() { return begun_here.load() || in_use(); }

// In the child of a fork: there are no other threads.
void forget_threads();

}  // namespace anysplice::turns

#endif  // ANYSPLICE_CORE_PIPE_TURNS_H_
