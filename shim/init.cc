// What happens when the object is loaded and when the process ends.
#include <string.h>
#include <sys/auxv.h>

#include "core/engine.h"
#include "core/fault_guard.h"
#include "core/mode.h"
#include "core/observe.h"
#include "core/stats.h"
#include "core/sys.h"
#include "core/text.h"

namespace anysplice::shim {
namespace {

void complain(const char* name, const char* value, const char* allowed) {
  char line[256] = "anysplice: ";
  append_text(line, name);
  append_text(line, "=");
  append_text(line, value);
  append_text(line, " is not one of ");
  append_text(line, allowed);
  append_text(line, "\n");
  sys->write(2, line, strlen(line));
}

// The value of NAME= in an environment that libc does not know yet; null if it is not there.
const char* value_of(char** environment, const char* name) {
  const size_t length = strlen(name);
  for (char** at = environment; *at != nullptr; ++at) {
    if (strncmp(*at, name, length) == 0 && (*at)[length] == '=') return *at + length + 1;
  }
  return nullptr;
}

// The linker puts this object's constructor before all others (-z initfirst), even libc's, so that
// no library's constructor calls an engine whose mode is not set yet.
__attribute__((constructor)) void load(int, char**, char** environment) {
  // A program that runs with more rights than its user takes nothing from the environment.
  if (getauxval(AT_SECURE) != 0) return;
  if (const char* text = value_of(environment, "ANYSPLICE_MODE"); text != nullptr) {
    Mode mode = Mode::kAuto;
    int error = 0;
    if (parse_mode(text, &mode, &error)) {
      set_mode(mode, error);
    } else {
      complain("ANYSPLICE_MODE", text, "auto, emulate, native, absent, absent=ERRNO; using auto");
    }
  }
  if (const char* text = value_of(environment, "ANYSPLICE_RINGS"); text != nullptr) {
    const bool off = strcmp(text, "off") == 0;
    if (!off && strcmp(text, "on") != 0) complain("ANYSPLICE_RINGS", text, "on, off; using on");
    allow_rings(!off);
  }
  fault_guard::allow();
  const char* path = value_of(environment, "ANYSPLICE_STATS");
  if (path != nullptr && share_stats(path)) observers.fetch_or(kCounting);
}

__attribute__((destructor)) void unload() { settle_held(); }

}  // namespace
}  // namespace anysplice::shim
