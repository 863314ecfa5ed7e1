#include "core/calls/observation.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <algorithm>
#include <bit>

#include "core/base/keep_errno.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/sys.h"

namespace anysplice {

std::atomic<unsigned> observers;

namespace {

std::atomic<ProcessCounters*> own_place;
thread_local uint64_t other_process;

uint64_t now() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<uint64_t>(t.tv_sec) * 1000000000 + static_cast<uint64_t>(t.tv_nsec);
}

// After the call: a ring that was settled in the middle did not carry it.
bool in_ring(int fd) {
  const FdEntry entry = fd_entry(fd);
  return entry.ours() && pipe_of(entry)->state.load(std::memory_order_acquire) == PipeState::kRing;
}

ProcessCounters& place_of(uint64_t self) {
  ProcessCounters* place = stats->process;
  for (ProcessCounters* const last = place + kProcesses - 1; place < last; ++place) {
    uint64_t pid = 0;
    if (place->pid.compare_exchange_strong(pid, self) || pid == self) break;
  }
  return *place;
}

ProcessCounters& place_of_caller() {
  if (other_process != 0) return place_of(other_process);
  ProcessCounters* place = own_place.load(std::memory_order_relaxed);
  if (place != nullptr) return *place;
  place = &place_of(static_cast<uint64_t>(sys->getpid()));
  own_place.store(place, std::memory_order_relaxed);
  return *place;
}

void count_call(const Asked& asked, const Seen& seen) {
  CallDetails& details = stats->details[static_cast<size_t>(asked.call)];
  ProcessCounters& process = place_of_caller();
  count(process.calls);
  if (seen.result < 0) {
    const auto error = static_cast<size_t>(seen.error);
    count(details.errors[error < kErrors ? error : 0]);
    count(process.errors);
  }
  if (seen.by >= AnsweredBy::kNobody) return;
  CarrierCounters& carrier = details.by[static_cast<size_t>(seen.by)];
  count(carrier.calls);
  count(carrier.times[std::min(static_cast<size_t>(std::bit_width(seen.nanoseconds)), kTimes - 1)]);
  if (seen.result < 0) return;
  const auto bytes = static_cast<uint64_t>(seen.result);
  count(carrier.bytes, bytes);
  count(carrier.sizes[std::min(static_cast<size_t>(std::bit_width(bytes)), kSizes - 1)]);
  count(process.bytes[static_cast<size_t>(seen.by)], bytes);
}

}  // namespace

void observe_as_new_process() { own_place.store(nullptr, std::memory_order_relaxed); }

void observe_for_process(uint64_t pid) { other_process = pid; }

// What is behind the pointers, before the call changes it.
void Observation::read_arguments(const Asked& asked) {
  const bool memory = asked.call == Call::kVmsplice;
  traced_.name = kCallNames[static_cast<size_t>(asked.call)];
  traced_.length = asked.length;
  traced_.flags = asked.flags;
  for (int i = 0; i < 2; ++i) {
    traced_.fd[i] = asked.fd[i];
    traced_.at[i] = asked.at[i];
    traced_.known[i] =
        !memory && asked.at[i] != nullptr &&
        load_offset(static_cast<const int64_t*>(asked.at[i]), &traced_.offset[i]) == 0;
  }
  if (memory) {
    const size_t size = std::min(asked.length, TracedCall::kSegments) * sizeof(iovec);
    traced_.known[0] = check_readable(asked.at[0], size) == 0;
    if (traced_.known[0] && size > 0) memcpy(traced_.segments, asked.at[0], size);
  }
  clock_gettime(CLOCK_REALTIME, &traced_.start);
}

void Observation::begin(const Asked& asked) {
  observers_ = observers.load(std::memory_order_relaxed);
  if ((observers_ & kTracing) != 0) {
    const KeepErrno keep;
    read_arguments(asked);
  }
  start_ = now();
}

void Observation::end(const Asked& asked, ssize_t result, AnsweredBy by) {
  const KeepErrno keep;
  const int error = errno;
  if (by == AnsweredBy::kCopy && (in_ring(asked.fd[0]) || in_ring(asked.fd[1])))
    by = AnsweredBy::kRing;
  if (by == AnsweredBy::kNobody && mode() != Mode::kAbsent) by = AnsweredBy::kInjected;
  const Seen seen{result, error, by, now() - start_};
  if ((observers_ & kCounting) != 0) count_call(asked, seen);
  if ((observers_ & kTracing) == 0) return;
  traced_.result = result;
  traced_.error = error;
  traced_.by = answered_by_names[static_cast<size_t>(by)];
  traced_.nanoseconds = seen.nanoseconds;
  trace_call(traced_);
}

}  // namespace anysplice
