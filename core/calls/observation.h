// Looking on while a call of the family is answered: for the trace, and for the counters that are
// kept only when they were asked for, because they cost time. One load and a branch when nobody
// looks.
//
// Thread-safe and async-signal-safe; errno is kept.
#ifndef ANYSPLICE_CORE_CALLS_OBSERVATION_H_
#define ANYSPLICE_CORE_CALLS_OBSERVATION_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <atomic>

#include "core/policy/mode.h"
#include "core/telemetry/counters.h"
#include "core/telemetry/trace.h"

namespace anysplice {

// A call as it was made.
struct Asked {
  Call call;
  int fd[2];          // source and sink; of vmsplice the pipe, twice
  const void* at[2];  // their offsets, int64_t each, may be null; of vmsplice the segments first
  size_t length;      // of vmsplice the number of segments
  unsigned flags;
};

// What was seen of it.
struct Seen {
  ssize_t result;  // -1 with an error
  int error;
  AnsweredBy by;
  uint64_t nanoseconds;
};

enum Observer : unsigned { kCounting = 1, kTracing = 2 };
extern std::atomic<unsigned> observers;

// To be called in the child of a fork: it counts as a process of its own from now on.
void observe_as_new_process();

// From now on the calling thread's calls are those of another process; 0: of this one.
void observe_for_process(uint64_t pid);

class Observation {
 public:
  void begin(const Asked& asked);
  void end(const Asked& asked, ssize_t result, AnsweredBy by);

 private:
  void read_arguments(const Asked& asked);

  unsigned observers_;
  uint64_t start_;
  TracedCall traced_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_OBSERVATION_H_
