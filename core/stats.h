// Counters of what the engine did: one block, in private memory by default, or in a shared file
// (ANYSPLICE_STATS) so that they outlive _exit, exec and SIGKILL and add up over processes.
//
// Thread-safe, async-signal-safe, shared between processes: relaxed atomics only.
#ifndef ANYSPLICE_CORE_STATS_H_
#define ANYSPLICE_CORE_STATS_H_

#include <stdint.h>

#include <atomic>

#include "core/mode.h"
#include "core/why.h"

namespace anysplice {

using Counter = std::atomic<uint64_t>;

struct CallCounters {
  Counter native_calls;  // answered by the kernel, successfully or not
  Counter native_bytes;
  Counter engine_calls;  // answered by the engine, successfully or not
  Counter engine_bytes;
};

struct SettleCounters {
  Counter times;
  Counter bytes;
};

// The layout of the shared file; version changes with it.
struct Stats {
  static constexpr uint64_t kMagic = 0x6c70736e79616e02;  // low byte: version
  Counter magic;
  Counter processes;  // processes that mapped this block
  CallCounters call[kCalls];
  Counter rings;       // pipes that were given a private ring
  Counter ring_bytes;  // bytes that entered a ring
  Counter settles;     // pipes whose bytes were put back into the kernel's pipe
  Counter settled_bytes;
  Counter held_bytes;             // bytes held at the front of a kernel pipe, in sum over time
  SettleCounters settled[kWhys];  // by reason; a ring that ended empty is one of no bytes
};

extern Stats* stats;  // never null

// Maps the file as the counter block. A file that cannot be opened, is a symbolic link, or is not
// owned by this user is ignored: false.
bool share_stats(const char* path);

inline void count(Counter& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_STATS_H_
