// Counters of what the engine did. They are one block, by default in private memory. With
// ANYSPLICE_STATS it is a shared file, so that counts survive _exit, exec and SIGKILL, and those of
// all processes add up.
//
// Thread-safe, async-signal-safe, shared between processes: relaxed atomics only.
#ifndef ANYSPLICE_CORE_TELEMETRY_COUNTERS_H_
#define ANYSPLICE_CORE_TELEMETRY_COUNTERS_H_

#include <stdint.h>

#include <atomic>

#include "core/policy/mode.h"
#include "core/telemetry/settle_reason.h"

namespace anysplice {

using Counter = std::atomic<uint64_t>;

struct CallCounters {
  Counter native_calls;  // answered by the kernel, successfully or not
  Counter native_bytes;
  Counter engine_calls;  // answered by the engine, successfully or not
  Counter engine_bytes;
};

// Who answered a call.
enum class AnsweredBy {
  kKernel,
  kRing,    // the engine, with a pipe that is in memory
  kCopy,    // the engine, by reading and writing
  kNobody,  // no one: mode absent
  kInjected,
};
inline constexpr size_t kCarriers = static_cast<size_t>(AnsweredBy::kNobody);
extern const char* const answered_by_names[kCarriers + 2];

// Bucket 0 counts zeros, bucket n the values from 2^(n-1) to 2^n - 1, the last all above.
inline constexpr size_t kSizes = 33;
inline constexpr size_t kTimes = 40;
inline constexpr size_t kErrors = 136;
inline constexpr size_t kProcesses = 128;

struct CarrierCounters {
  Counter calls;
  Counter bytes;
  Counter sizes[kSizes];  // of calls that did not fail, by bytes
  Counter times[kTimes];  // of all calls, by nanoseconds, waiting included
};

struct CallDetails {
  CarrierCounters by[kCarriers];
  Counter errors[kErrors];  // by errno; 0 counts those that are too large
};

struct ProcessCounters {
  Counter pid;  // 0: free. The last place counts all processes that found none free; its pid is 0.
  Counter calls;
  Counter errors;
  Counter bytes[kCarriers];
};

struct SettleCounters {
  Counter times;
  Counter bytes;
};

// The layout of the shared file; version changes with it.
struct Stats {
  static constexpr uint64_t kMagic = 0x6c70736e79616e04;  // low byte: version
  Counter magic;
  Counter processes;  // processes that mapped this block
  CallCounters call[kCalls];
  Counter rings;       // pipes that were given a private ring
  Counter ring_bytes;  // bytes that entered a ring
  Counter settles;     // pipes whose bytes were put back into the kernel's pipe
  Counter settled_bytes;
  Counter held_bytes;  // bytes held at the front of a kernel pipe, the total over time
  SettleCounters settled[kSettleReasons];  // by reason; an empty ring that ends counts as no bytes
  // The rest is counted in a shared block only, because it takes time (calls/observation.h).
  CallDetails details[kCalls];
  ProcessCounters process[kProcesses];
};

extern Stats* stats;  // never null

// Maps the file as the counter block. A file that cannot be opened, is a symbolic link, or is not
// owned by this user is ignored: false.
bool share_stats(const char* path);

inline void count(Counter& counter, uint64_t by = 1) {
  counter.fetch_add(by, std::memory_order_relaxed);
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_TELEMETRY_COUNTERS_H_
