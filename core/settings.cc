#include "core/settings.h"

#include <string.h>
#include <unistd.h>

#include "core/inject/inject.h"
#include "core/inject/journal.h"
#include "core/inject/replay.h"
#include "core/inject/spec.h"
#include "core/mode.h"
#include "core/observe.h"
#include "core/stats.h"
#include "core/sys.h"
#include "core/text.h"

namespace anysplice {
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

// What was asked for cannot be done: a test that goes on regardless would prove nothing.
[[noreturn]] void give_up(const char* text) {
  constexpr int kOwnError = 125;  // as `anysplice run` says it
  char whole[1024] = "anysplice: ";
  append_text(whole, text);
  append_text(whole, "\n");
  sys->write(2, whole, strlen(whole));
  _exit(kOwnError);
}

void prepare_injection(const char* program, char** environment) {
  static inject::Plan plan;
  if (const char* path = value_of(environment, "ANYSPLICE_JOURNAL"); path != nullptr) {
    inject::open_journal(path);
  }
  const char* spec = value_of(environment, "ANYSPLICE_INJECT");
  if (inject::SpecError error; spec != nullptr && !inject::parse_spec(spec, &plan, &error)) {
    inject::SpecReport report;
    inject::describe("ANYSPLICE_INJECT", spec, error, report);
    give_up(report);
  }
  const char* replay = value_of(environment, "ANYSPLICE_REPLAY");
  if (char problem[160]; replay != nullptr && !inject::open_replay(replay, problem)) {
    char line[512] = "ANYSPLICE_REPLAY=";
    append_text(line, replay);
    append_text(line, ": ");
    append_text(line, problem);
    give_up(line);
  }
  if (spec != nullptr || replay != nullptr || inject::journal_everything()) {
    inject::start(plan, program);
  }
}

}  // namespace

void take_settings(const char* program, char** environment) {
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
  prepare_injection(program, environment);
  const char* path = value_of(environment, "ANYSPLICE_STATS");
  if (path != nullptr && share_stats(path)) observers.fetch_or(kCounting);
}

}  // namespace anysplice
