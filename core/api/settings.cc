#include "core/api/settings.h"

#include <string.h>
#include <unistd.h>

#include <new>

#include "core/base/placement.h"
#include "core/calls/observation.h"
#include "core/inject/control.h"
#include "core/inject/inject.h"
#include "core/inject/journal.h"
#include "core/inject/replay.h"
#include "core/inject/spec.h"
#include "core/memory/reuse.h"
#include "core/memory/user_memory.h"
#include "core/policy/mode.h"
#include "core/sys/say.h"
#include "core/telemetry/counters.h"
#include "core/telemetry/findings.h"

namespace anysplice {
namespace {

// Names of calls, with commas between them.
void take_refused(const char* text) {
  while (*text != '\0') {
    const size_t length = strcspn(text, ",");
    bool known = false;
    for (size_t i = 0; i < kCalls; ++i) {
      if (strlen(kCallNames[i]) != length || strncmp(text, kCallNames[i], length) != 0) continue;
      note_refused(static_cast<Call>(i));
      known = true;
    }
    if (!known) {
      say("ANYSPLICE_REFUSED: ", text, " does not begin with the name of a call; ignored");
      return;
    }
    text += length;
    if (*text == ',') ++text;
  }
}

// What was asked for cannot be done: a test that goes on regardless would prove nothing.
[[noreturn]] void give_up(const char* text) {
  constexpr int kOwnError = 125;  // as `anysplice run` says it
  say(text);
  _exit(kOwnError);
}

// The plan of the start. (It is not all zeros at first; as an ordinary variable it would lie
// between those that every start touches.)
inject::Plan& new_plan() {
  union Room {
    constexpr Room() : none() {}
    char none;
    inject::Plan plan;
  };
  ANYSPLICE_SELDOM static constinit Room room;
  return *new (&room.plan) inject::Plan;
}

void prepare_injection(const char* program, char** environment) {
  inject::Plan& plan = new_plan();
  if (const char* path = value_of(environment, "ANYSPLICE_JOURNAL"); path != nullptr) {
    inject::open_journal(path);
  }
  if (const char* path = value_of(environment, "ANYSPLICE_CONTROL"); path != nullptr) {
    inject::open_control(path);
  }
  const char* spec = value_of(environment, "ANYSPLICE_INJECT");
  if (inject::SpecError error; spec != nullptr && !inject::parse_spec(spec, &plan, &error)) {
    inject::SpecReport report;
    inject::describe("ANYSPLICE_INJECT", spec, error, report);
    give_up(report);
  }
  if (plan.pipe_copies) {
    // The kernel's calls refer; the engine's copy what is in files anyway.
    let_vmsplice_write(true);
    if (mode() != Mode::kAbsent) set_mode(Mode::kEmulate, 0);
  }
  const char* replay = value_of(environment, "ANYSPLICE_REPLAY");
  if (char problem[160]; replay != nullptr && !inject::open_replay(replay, problem)) {
    char line[512] = "ANYSPLICE_REPLAY=";
    append_text(line, replay);
    append_text(line, ": ");
    append_text(line, problem);
    give_up(line);
  }
  if (spec != nullptr || replay != nullptr || inject::journal_everything() ||
      inject::control_open()) {
    inject::start(plan, program);
  }
}

// What the kernel carries cannot be looked at, so nothing is left to it unless that was asked for.
void prepare_check(const char* what, char** environment) {
  if (strcmp(what, "reuse") != 0) {
    char line[512] = "ANYSPLICE_CHECK=";
    append_text(line, what);
    append_text(line, " is not 'reuse'");
    give_up(line);
  }
  if (const char* path = value_of(environment, "ANYSPLICE_FINDINGS");
      path != nullptr && !reuse::share_findings(path)) {
    say("ANYSPLICE_FINDINGS=", path, " is not a file for that; findings are told here");
  }
  if (!reuse::start(copy_from_user)) give_up("there is no memory for ANYSPLICE_CHECK");
  if (value_of(environment, "ANYSPLICE_MODE") == nullptr) set_mode(Mode::kEmulate, 0);
}

}  // namespace

// By single letters, which are part of the code: what is not touched is not mapped.
ANYSPLICE_AT_START bool any_setting(char** environment) {
  for (char** at = environment; *at != nullptr; ++at) {
    const char* const name = *at;
    if (name[0] == 'A' && name[1] == 'N' && name[2] == 'Y' && name[3] == 'S' && name[4] == 'P') {
      return true;
    }
  }
  return false;
}

const char* value_of(char** environment, const char* name) {
  const size_t length = strlen(name);
  for (char** at = environment; *at != nullptr; ++at) {
    // Each exec asks for a dozen names, and most variables differ in the first letter.
    if (**at == *name && strncmp(*at, name, length) == 0 && (*at)[length] == '=') {
      return *at + length + 1;
    }
  }
  return nullptr;
}

void take_settings(const char* program, char** environment) {
  if (const char* text = value_of(environment, "ANYSPLICE_MODE"); text != nullptr) {
    Mode mode = Mode::kAuto;
    int error = 0;
    if (parse_mode(text, &mode, &error)) {
      set_mode(mode, error);
    } else {
      say("ANYSPLICE_MODE=", text,
          " is not one of auto, emulate, native, absent, absent=ERRNO; using auto");
    }
  }
  if (const char* what = value_of(environment, "ANYSPLICE_CHECK"); what != nullptr) {
    prepare_check(what, environment);
  }
  // After the mode, which forgets what was learned.
  if (const char* text = value_of(environment, "ANYSPLICE_REFUSED"); text != nullptr) {
    take_refused(text);
  }
  if (const char* text = value_of(environment, "ANYSPLICE_RINGS"); text != nullptr) {
    const bool off = strcmp(text, "off") == 0;
    if (!off && strcmp(text, "on") != 0) {
      say("ANYSPLICE_RINGS=", text, " is not one of on, off; using on");
    }
    allow_rings(!off);
  }
  if (const char* text = value_of(environment, "ANYSPLICE_VMSPLICE"); text != nullptr) {
    bool refer;
    if (parse_vmsplice(text, &refer)) {
      let_vmsplice_refer(refer);
    } else {
      say("ANYSPLICE_VMSPLICE=", text, " is not one of reference, copy; ignored");
    }
  }
  if (const char* text = value_of(environment, "ANYSPLICE_COPY_FILE_RANGE"); text != nullptr) {
    bool copy;
    if (parse_copy_file_range(text, &copy)) {
      let_files_be_copied(copy);
    } else {
      say("ANYSPLICE_COPY_FILE_RANGE=", text, " is not one of kernel, emulate; using kernel");
    }
  }
  prepare_injection(program, environment);
  const char* path = value_of(environment, "ANYSPLICE_STATS");
  if (path != nullptr && share_stats(path)) observers.fetch_or(kCounting);
}

}  // namespace anysplice
