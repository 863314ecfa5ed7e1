// What happens when the object is loaded and when the process ends.
#include "core/api/settings.h"
#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/calls/engine.h"
#include "core/memory/fault_guard.h"
#include "core/memory/lasting_memory.h"
#include "core/policy/mode.h"
#include "core/sys/program.h"
#include "core/sys/say.h"
#include "core/sys/signal_actions.h"
#include "core/sys/supervisor.h"
#include "core/telemetry/trace.h"
#include "shim/trace.h"
#if defined(__ELF__)
#include "shim/next_objects.h"
#endif

namespace anysplice::shim {
namespace {

// Of most programs there are none, and then nothing of this is touched.
void take_all_settings(const char* name, char** environment) {
  const KeepErrno keep;  // main() begins with 0
  take_settings(name, environment);
#if defined(__linux__)
  if (const char* text = value_of(environment, "ANYSPLICE_SUPERVISOR"); text != nullptr) {
    supervisor::start(text, [] { expose_all(SettleReason::kRaw); });
  }
#endif
  const char* trace = value_of(environment, "ANYSPLICE_TRACE");
  if (trace != nullptr && !prepare_trace(trace, value_of(environment, "ANYSPLICE_TRACE_OPTIONS"))) {
    say("ANYSPLICE_TRACE=", trace,
        " is not a writable regular file of this user; there is no trace");
  }
}

// The linker puts this object's constructor before all others (-z initfirst), even libc's, so that
// no library's constructor calls an engine whose mode is not set yet. (The priority is for the
// static library, whose program has constructors of its own.)
//
// glibc calls it with main()'s arguments, and has no environ yet. Others call it without any, and
// have.
#if defined(__GLIBC__)
ANYSPLICE_AT_START __attribute__((constructor(101))) void load(int count, char** words,
                                                               char** environment) {
  const char* const name = count > 0 ? words[0] : "";
#else
ANYSPLICE_AT_START __attribute__((constructor(101))) void load() {
  const char* const name = program_name();
  char** const environment = program_environment();
#endif
#if defined(__ELF__)
  next_objects::remember();
#endif
  if constexpr (signal_actions::kThere) signal_actions::start();
  // A program that has more privileges than its user takes nothing from the environment.
  if (runs_privileged()) return;
  // Here all calls that take memory away are seen.
  lasting_memory::learn(true);
  let_vmsplice_refer(true);
  if (any_setting(environment)) take_all_settings(name, environment);
  fault_guard::allow();
#if defined(__linux__) && !defined(__GLIBC__)
  // musl calls constructors from __libc_start_main, so ours has come too early.
  start_trace();
#endif
}

ANYSPLICE_AT_START __attribute__((destructor)) void unload() {
  before_exit();
  trace_missed();
}

}  // namespace
}  // namespace anysplice::shim
