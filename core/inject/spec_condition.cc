// When a rule does what it does.
#include <string.h>

#include "core/inject/spec_parts.h"

namespace anysplice::inject {
namespace {

constexpr const char* kWhen =
    "a call's number as in @3, a range as in @3..7 or @3.., a chance as in @0.1 or @10%, "
    "@every=N, @above=BYTES, @below=BYTES, @after=BYTES, @thread=N, @process=NAME";

bool named_condition(const Word& name, const Word& value, const SpecFailure& fail, Rule* rule) {
  uint64_t thread;
  if (name.is("every")) {
    return (read_number(value, &rule->every) && rule->every > 0) ||
           fail.at(value, "@every takes a number from 1 on, as in @every=4");
  }
  if (name.is("above") || name.is("below") || name.is("after")) {
    return read_size(value, name.is("above")   ? &rule->above
                            : name.is("below") ? &rule->below
                                               : &rule->after) ||
           fail.at(value, "expected a number of bytes here, as in @below=64k");
  }
  if (name.is("thread")) {
    if (!read_number(value, &thread) || thread > UINT32_MAX) {
      return fail.at(value, "a thread is a number; 0 is the first thread of the process");
    }
    rule->thread = static_cast<int64_t>(thread);
    return true;
  }
  if (name.is("process")) {
    if (value.length == 0 || value.length >= kNameSize) {
      return fail.at(value, "a process is a name of up to 47 characters, as in @process=pv");
    }
    memcpy(rule->process, value.begin, value.length);
    rule->process[value.length] = '\0';
    return true;
  }
  return fail.at(name, "a condition is one of ", kWhen);
}

}  // namespace

bool read_condition(const Word& word, const SpecFailure& fail, Rule* rule) {
  for (size_t i = 0; i < word.length; ++i) {
    if (word.begin[i] != '=') continue;
    return named_condition({word.begin, i}, word.after(i + 1), fail, rule);
  }
  uint64_t number;
  if (read_number(word, &number)) {
    rule->first = rule->last = number;
    return number > 0 || fail.at(word, "calls are counted from 1");
  }
  for (size_t i = 0; i + 1 < word.length; ++i) {
    if (!word.after(i).starts_with("..")) continue;
    const Word last = word.after(i + 2);
    rule->last = UINT64_MAX;
    if (read_number({word.begin, i}, &rule->first) && rule->first > 0 &&
        (last.length == 0 || (read_number(last, &rule->last) && rule->last >= rule->first))) {
      return true;
    }
    return fail.at(word, "a range is one or two numbers from 1 on, as in @3..7 or @3..");
  }
  return read_chance(word, &rule->chance) || fail.at(word, "a condition is one of ", kWhen);
}

}  // namespace anysplice::inject
