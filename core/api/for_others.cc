#include "core/api/for_others.h"

#include "core/calls/observation.h"
#include "core/fd/fd_table.h"
#include "core/inject/journal.h"
#include "core/pipe/exposed_pipes.h"
#include "core/policy/mode.h"
#include "core/sys/deferral.h"

namespace anysplice {

void make_calls_for_others() {
  every_call_seen = false;
  allow_rings(false);
  exposed_pipes::note_may_be_shared();
  // All signals but a harmless one are blocked while a call is made.
  deferral::assume_plain_handlers();
}

void trace_for_others(const TraceSink* sink) {
  trace_to(sink);
  observers.fetch_or(kTracing, std::memory_order_relaxed);
}

void name_first(Caller& caller) { caller.process = inject::process; }

void name_started(Caller& caller, const char* called) {
  inject::name_process(caller.process, called, 1);
  const uint32_t number = inject::count_start(caller.process.plain);
  if (number > 1) inject::name_process(caller.process, called, number);
}

void name_child(Caller& caller, const Caller& parent, uint32_t number) {
  caller.process = parent.process;
  inject::name_child(caller.process, number);
}

CallsOf::CallsOf(Caller* caller, uint64_t process) {
  inject::stand_for(caller);
  observe_for_process(process);
}

CallsOf::~CallsOf() {
  inject::stand_for(nullptr);
  observe_for_process(0);
}

}  // namespace anysplice
