#include "core/telemetry/trace.h"

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/critical_section.h"

namespace anysplice {
namespace {

std::atomic<bool> tracing;
std::atomic<const TraceSink*> sink;
std::atomic<uint64_t> missed;
thread_local bool inside;
thread_local bool failed;

void note_missed(uint64_t events) { missed.fetch_add(events, std::memory_order_relaxed); }

// Has the listener told of so many events, or counts them as missed.
template <typename Tell>
void attempt(uint64_t events, Tell tell) {
  failed = false;
  tell();
  if (failed) note_missed(events);
}

template <typename Tell>
void tell(Tell event) {
  if (!tracing.load(std::memory_order_relaxed)) return;
  const TraceSink* const listener = sink.load(std::memory_order_acquire);
  if (listener == nullptr || inside) {
    note_missed(1);
    return;
  }
  const KeepErrno keep;
  const CriticalSection section;
  inside = true;
  if (const uint64_t events = missed.exchange(0, std::memory_order_relaxed); events > 0) {
    attempt(events, [&] { listener->missed(events); });
  }
  attempt(1, [&] { event(*listener); });
  inside = false;
}

}  // namespace

void trace_to(const TraceSink* listener) {
  sink.store(listener, std::memory_order_release);
  tracing.store(true, std::memory_order_relaxed);
}

void trace_failed() { failed = true; }

void trace_call(const TracedCall& call) {
  tell([&](const TraceSink& listener) { listener.call(&call); });
}

void trace_settled(int fd, SettleReason reason, size_t bytes) {
  tell([&](const TraceSink& listener) {
    listener.settled(fd, settle_reason_names[static_cast<size_t>(reason)], bytes);
  });
}

ANYSPLICE_AT_START void trace_missed() {
  if (missed.load(std::memory_order_relaxed) == 0) return;
  tell([](const TraceSink&) {});
}

}  // namespace anysplice
