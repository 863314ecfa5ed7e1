// Which ends a rule is about: kinds, and names.
#include <string.h>

#include "core/inject/spec.h"
#include "core/inject/spec_parts.h"

namespace anysplice::inject {

const char* const kind_names[kKindNames] = {"pipe", "file",   "socket", "tty",
                                            "proc", "device", "other",  "memory"};

namespace {

constexpr Kinds kNotMemory = kAnyKind & ~kMemory;
constexpr Kinds kWithPath = kAnyKind & ~(kSocket | kMemory);

Kinds kind_called(const Word& word) {
  if (word.is("any") || word.is("*") || word.length == 0) return kAnyKind;
  for (size_t i = 0; i < kKindNames; ++i) {
    if (word.is(kind_names[i])) return static_cast<Kinds>(1u << i);
  }
  return 0;
}

Kinds kinds_with(const Plan& plan, Kinds kinds, EndNames names) {
  for (size_t i = 0; i < plan.names; ++i) {
    if ((names >> i & 1) != 0) kinds = static_cast<Kinds>(kinds | plan.name[i].kinds);
  }
  return kinds;
}

// Whether there are calls of the rule that work on such ends: it is wrong to wait for others.
bool possible_ends(const Plan& plan, const Rule& rule) {
  const Kinds from = kinds_with(plan, rule.in, rule.in_names);
  const Kinds to = kinds_with(plan, rule.out, rule.out_names);
  const auto goes = [from, to](Kinds in, Kinds out) { return (from & in) != 0 && (to & out) != 0; };
  const auto has = [&rule](Call call) { return (rule.calls & bit(call)) != 0; };
  return (has(Call::kSplice) && (goes(kPipe, kNotMemory) || goes(kNotMemory, kPipe))) ||
         (has(Call::kTee) && goes(kPipe, kPipe)) ||
         (has(Call::kVmsplice) && (goes(kMemory, kPipe) || goes(kPipe, kMemory))) ||
         (has(Call::kSendfile) && goes(kNotMemory, kNotMemory)) ||
         (has(Call::kCopyFileRange) && goes(kFile | kProc, kFile));
}

// What a name says of the end: what stands before the ':', and after it.
bool read_name(const Word& before, const Word& pattern, const SpecFailure& fail, EndName* name) {
  if (before.is("fd")) {
    uint64_t number;
    if (!read_number(pattern, &number) || number > INT32_MAX) {
      return fail.at(pattern, "a descriptor is a number, as in fd:3");
    }
    *name = {.what = NameOf::kNumber, .kinds = kNotMemory, .number = static_cast<int>(number)};
    return true;
  }
  if (pattern.length == 0 || pattern.length >= kPatternSize) {
    return fail.at(pattern, "a name has from 1 to 127 characters, as in file:*.log or tcp:*:8080");
  }
  const Kinds kind = kind_called(before);
  if (before.is("tcp") || before.is("udp")) {
    if (memchr(pattern.begin, ':', pattern.length) == nullptr) {
      return fail.at(pattern, "an address has a port, as in tcp:*:8080 or tcp:127.0.0.1:*");
    }
    name->what = before.is("tcp") ? NameOf::kTcp : NameOf::kUdp;
    name->kinds = kSocket;
  } else if (before.is("unix")) {
    name->what = NameOf::kUnix;
    name->kinds = kSocket;
  } else if (before.length > 0 && (kind & kWithPath) == kind && kind != 0) {
    name->what = NameOf::kPath;
    name->kinds = kind;
  } else {
    return fail.at(before,
                   "names are fd:NUMBER, tcp:HOST:PORT, udp:HOST:PORT, unix:PATH, and with "
                   "a path file:, pipe:, tty:, proc:, device:, other:");
  }
  memcpy(name->pattern, pattern.begin, pattern.length);
  name->pattern[pattern.length] = '\0';
  return true;
}

// One end: kinds and names with '|' between them.
bool read_end(Cursor& text, const SpecFailure& fail, Plan* plan, Kinds* kinds, EndNames* names) {
  *kinds = 0;
  do {
    const Word word = text.until("|->):;,");
    if (!text.take(":")) {
      const Kinds kind = kind_called(word);
      if (kind == 0) {
        return fail.at(word,
                       "the kinds of ends are pipe, file, socket, tty, proc, device, other, "
                       "memory, any; or a name as in file:*.log, tcp:*:8080, fd:3");
      }
      *kinds = static_cast<Kinds>(*kinds | kind);
      continue;
    }
    EndName name;
    if (!read_name(word, text.until_text({"|", "->", ")", ";"}), fail, &name)) return false;
    if (plan->names == kMaxNames) return fail.at(word, "there can be at most 32 names");
    *names |= EndNames{1} << plan->names;
    plan->name[plan->names++] = name;
  } while (text.take("|"));
  return true;
}

}  // namespace

bool read_ends(Cursor& text, const SpecFailure& fail, Plan* plan, Rule* rule) {
  rule->narrowed = true;
  const Cursor open = text;
  if (!read_end(text, fail, plan, &rule->in, &rule->in_names)) return false;
  if (!text.take("->")) {
    return fail.at(text.until(":;,"), "expected '->' here, as in (file->pipe)");
  }
  if (!read_end(text, fail, plan, &rule->out, &rule->out_names)) return false;
  if (!text.take(")")) return fail.at(text.until(":;,"), "expected ')' here");
  if (rule->unsafe || possible_ends(*plan, *rule)) return true;
  return fail.at(open.up_to(text), "none of these calls works on such ends");
}

}  // namespace anysplice::inject
