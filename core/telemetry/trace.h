// The trace: reports each use of the four calls, and each pipe that is settled, to a listener.
//
// The listener is in an object of its own (shim/log/), behind a table of C functions, so that the
// engine knows nothing of texts and files. Without a listener this costs one load and one branch.
//
// Thread-safe and async-signal-safe. The listener runs with signals blocked and cancellation off,
// and is never called from within itself: such an event is counted as missed. errno is kept.
#ifndef ANYSPLICE_CORE_TELEMETRY_TRACE_H_
#define ANYSPLICE_CORE_TELEMETRY_TRACE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>

#include <atomic>

#include "core/telemetry/settle_reason.h"

namespace anysplice {

// A call that has been answered. Plain data, passed to another object; changing it requires
// changing kTraceVersion.
struct TracedCall {
  static constexpr size_t kSegments = 4;

  const char* name;
  int fd[2];          // source and sink; of vmsplice the pipe, twice
  const void* at[2];  // as passed: pointers to offsets; of vmsplice the segments first
  bool known[2];      // whether the offset could be read; of vmsplice all of `segments`
  int64_t offset[2];  // as it was before
  iovec segments[kSegments];
  size_t length;  // of vmsplice the number of segments
  unsigned flags;
  ssize_t result;
  int error;       // if result is -1
  const char* by;  // who answered
  timespec start;  // CLOCK_REALTIME
  uint64_t nanoseconds;
};

inline constexpr unsigned kTraceVersion = 1;

// The listener's side.
struct TraceSink {
  void (*call)(const TracedCall* call);
  void (*settled)(int fd, const char* why, size_t bytes);
  void (*missed)(uint64_t events);
};

// What the listener gets from us, to be called by its functions.
struct TraceHost {
  void (*write)(const iovec* parts, int count);  // as one piece
  void (*fail)();                                // the event being handled cannot be written
};

// The one symbol of the listener's object; null if it was made for another version.
using OpenTrace = const TraceSink*(unsigned version, const TraceHost* host, const char* options);
#define ANYSPLICE_OPEN_TRACE "anysplice_open_trace"

// From now on events go to the sink, or, while that is null, are counted as missed.
void trace_to(const TraceSink* sink);

// Does nothing unless trace_to() was called.
void trace_call(const TracedCall& call);
void trace_settled(int fd, SettleReason reason, size_t bytes);
// Reports the number of missed events now, not together with the next event.
void trace_missed();

// For the host's functions: the event that this thread's listener is handling could not be written.
void trace_failed();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_TELEMETRY_TRACE_H_
