// What a rule does.
#include <errno.h>
#include <string.h>

#include "core/base/errno_names.h"
#include "core/base/text.h"
#include "core/inject/legal.h"
#include "core/inject/spec_parts.h"

namespace anysplice::inject {
namespace {

constexpr const char* kActs =
    "short, limit=BYTES, byte, partial=ERROR, errno=ERROR, eagain, eintr, enosys, gone, "
    "delay=TIME, pass";

bool simple_action(const Word& name, const SpecFailure& fail, Rule* rule) {
  if (name.is("short")) {
    rule->act = Act::kShort;
    return true;
  }
  if (name.is("byte")) {
    rule->act = Act::kLimit;
    rule->amount = 1;
    return true;
  }
  if (name.is("pass")) {
    rule->act = Act::kPass;
    return true;
  }
  if (name.is("zero")) {
    rule->act = Act::kZero;
    return rule->unsafe ||
           fail.at(name, "no kernel returns 0 before the end; put 'unsafe:' in front to allow it");
  }
  struct {
    const char* name;
    int error;
  } constexpr kErrors[] = {{"eagain", EAGAIN}, {"eintr", EINTR}, {"enosys", ENOSYS}};
  for (const auto& known : kErrors) {
    if (!name.is(known.name)) continue;
    rule->act = Act::kErrno;
    rule->error = known.error;
    return true;
  }
  char text[sizeof(SpecError::message)] = "the actions are ";
  append_text(text, kActs);
  append_text(text, rule->unsafe ? ", zero" : "");
  return fail.at(name, text);
}

bool error_value(const Word& value, const SpecFailure& fail, Rule* rule) {
  char name[24] = "";
  if (value.length < sizeof(name)) memcpy(name, value.begin, value.length);
  rule->error = parse_errno(name);
  if (rule->error == 0) {
    return fail.at(value, "an error is a name like EINVAL, or a number from 1 to 4095");
  }
  const LegalError* legal = legal_error(rule->error);
  if (rule->unsafe || (legal != nullptr && (legal->calls & rule->calls) != 0)) return true;
  char text[sizeof(SpecError::message)] = "no kernel gives this error; possible are ";
  bool first = true;
  for (const LegalError& one : legal_errors) {
    if ((one.calls & rule->calls) == 0) continue;
    append_text(text, first ? "" : ", ");
    append_text(text, one.name);
    first = false;
  }
  append_text(text, "; put 'unsafe:' in front to allow all");
  return fail.at(value, text);
}

}  // namespace

bool read_action(const Word& name, bool valued, const Word& value, const SpecFailure& fail,
                 Rule* rule) {
  if (name.is("errno") || name.is("partial")) {
    rule->act = name.is("errno") ? Act::kErrno : Act::kPartial;
    return error_value(value, fail, rule);
  }
  if (name.is("gone")) {
    rule->act = Act::kGone;
    rule->error = ENOSYS;
    return !valued || error_value(value, fail, rule);
  }
  if (name.is("limit")) {
    rule->act = Act::kLimit;
    return (read_size(value, &rule->amount) && rule->amount > 0) ||
           fail.at(value, "a limit is a number of bytes, at least 1, as in limit=512 or limit=4k");
  }
  if (name.is("delay")) {
    rule->act = Act::kDelay;
    return read_duration(value, &rule->amount) ||
           fail.at(value, "a time is a number followed by ns, us, ms or s, at most 60s");
  }
  // What is left takes a chance, as in short=0.3, which is short@0.3.
  if (!simple_action(name, fail, rule)) return false;
  return !valued || read_chance(value, &rule->chance) ||
         fail.at(value, "a chance is a number from 0 to 1, or up to 100%");
}

}  // namespace anysplice::inject
