// libanysplice-api, the library that takes no symbol of libc: what happens when it is loaded,
// around fork, and when the process ends.
#include <anysplice/splice.h>
#include <pthread.h>

#include "core/api/settings.h"
#include "core/calls/engine.h"
#include "core/calls/fork.h"
#include "core/fd/fd_table.h"
#include "core/memory/lasting_memory.h"
#include "core/sys/program.h"

namespace anysplice {
namespace {

// Before the constructors of those who call us.
__attribute__((constructor(101))) void load() {
  every_call_seen = false;
  // libanysplice has taken our names too. Then this engine is never called, and the environment was
  // not meant for it.
  if (anysplice_interposes() != 0) return;
  pthread_atfork(
      before_fork, [] { after_fork(false); }, [] { after_fork(true); });
  lasting_memory::learn(false);
  char** const environment = program_environment();
  if (!runs_privileged() && environment != nullptr) take_settings(program_name(), environment);
}

__attribute__((destructor)) void unload() { before_exit(); }

}  // namespace
}  // namespace anysplice
