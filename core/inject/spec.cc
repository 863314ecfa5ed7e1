#include "core/inject/spec.h"

#include <errno.h>
#include <string.h>

#include "core/base/errno_names.h"
#include "core/base/text.h"
#include "core/inject/legal.h"
#include "core/inject/profiles.h"
#include "core/inject/words.h"

namespace anysplice::inject {

const char* const kind_names[kKindNames] = {"pipe", "file",   "socket", "tty",
                                            "proc", "device", "other",  "memory"};

namespace {

constexpr const char* kActs =
    "short, limit=BYTES, byte, partial=ERROR, errno=ERROR, eagain, eintr, enosys, gone, "
    "delay=TIME";
constexpr const char* kWhen =
    "a call's number as in @3, a range as in @3..7 or @3.., a chance as in @0.1 or @10%, "
    "@every=N, @above=BYTES, @below=BYTES, @thread=N, @process=NAME";

constexpr Kinds kNotMemory = kAnyKind & ~kMemory;

// Whether there are calls of the rule that work on such ends: it is wrong to wait for others.
bool possible_ends(const Rule& rule) {
  const auto goes = [&rule](Kinds in, Kinds out) {
    return (rule.in & in) != 0 && (rule.out & out) != 0;
  };
  const auto has = [&rule](Call call) { return (rule.calls & bit(call)) != 0; };
  return (has(Call::kSplice) && (goes(kPipe, kNotMemory) || goes(kNotMemory, kPipe))) ||
         (has(Call::kTee) && goes(kPipe, kPipe)) ||
         (has(Call::kVmsplice) && (goes(kMemory, kPipe) || goes(kPipe, kMemory))) ||
         (has(Call::kSendfile) && goes(kNotMemory, kNotMemory));
}

class Parser {
 public:
  Parser(const char* text, Plan* plan, SpecError* error)
      : cursor_(text), plan_(plan), error_(error) {}

  bool run() {
    if (cursor_.at_end()) return fail({cursor_.until("").begin, 0}, "there is nothing to inject");
    for (;;) {
      if (!item()) return false;
      if (cursor_.at_end()) return true;
      if (!cursor_.take(";")) {
        return fail(cursor_.until(";,"), "expected ';' or ',' here");
      }
      if (cursor_.at_end()) return true;  // a ';' at the end does no harm
    }
  }

 private:
  // Says what is wrong: "'WORD' ...: allowed".
  bool fail(const Word& word, const char* text, const char* more = "") {
    error_->at = cursor_.offset_of(word);
    error_->length = word.length;
    error_->message[0] = '\0';
    append_text(error_->message, text);
    append_text(error_->message, more);
    return false;
  }

  bool item() {
    const Word word = cursor_.until(":;=(+");
    if (cursor_.take("=")) {
      const Word value = cursor_.until(";");
      if (word.is("seed")) {
        return read_number(value, &plan_->seed) || fail(value, "a seed is a number");
      }
      if (word.is("as")) return as(value);
      return fail(word, "only 'seed' and 'as' are set by '='");
    }
    if (word.is("pipes") && cursor_.take(":")) return pipes();
    Rule rule;
    if (word.is("unsafe") && cursor_.take(":")) {
      rule.unsafe = true;
      return rules(cursor_.until(":;=(+"), rule);
    }
    return rules(word, rule);
  }

  bool as(const Word& name) {
    char list[sizeof(error_->message)] = "unknown system; the systems are ";
    for (const Profile& profile : profiles) {
      if (name.is(profile.name)) {
        SpecError none;
        return parse_spec(profile.spec, plan_, &none) || fail(name, none.message);
      }
      append_text(list, &profile == profiles ? "" : ", ");
      append_text(list, profile.name);
    }
    return fail(name, list);
  }

  bool pipes() {
    const Word word = cursor_.until("=;,");
    if (word.is("fixed")) {
      plan_->pipe_fixed = true;
      return true;
    }
    if (!word.is("capacity")) {
      return fail(word, "after 'pipes:' come capacity=BYTES or fixed");
    }
    const Word value = cursor_.take("=") ? cursor_.until(";,") : Word{word.begin + word.length, 0};
    uint64_t bytes;
    if (!read_size(value, &bytes) || bytes < 4096 || bytes > 1 << 30) {
      return fail(value, "the capacity is from 4096 to 1g bytes, as in capacity=8k");
    }
    plan_->pipe_capacity = static_cast<long>(bytes);
    return true;
  }

  bool rules(Word word, Rule rule) {
    for (;;) {
      if (!target(word, &rule)) return false;
      if (!cursor_.take("+")) break;
      word = cursor_.until(":;=(+");
    }
    if (cursor_.take("(") && !ends(&rule)) return false;
    if (!cursor_.take(":")) {
      return fail(cursor_.until(";,"), "expected ':' and an action here, as in splice:short");
    }
    do {
      if (!act(rule)) return false;
    } while (cursor_.take(","));
    return true;
  }

  bool target(const Word& word, Rule* rule) {
    if (word.is("all")) {
      rule->calls = kAllCalls;
      return true;
    }
    for (size_t i = 0; i < kCalls; ++i) {
      if (!word.is(kCallNames[i])) continue;
      rule->calls = static_cast<Calls>(rule->calls | 1u << i);
      return true;
    }
    return fail(word, rule->unsafe ? "the calls are splice, tee, vmsplice, sendfile, all"
                                   : "expected a call (splice, tee, vmsplice, sendfile, all), or "
                                     "unsafe:CALL, pipes:, seed=, as=");
  }

  bool ends(Rule* rule) {
    rule->narrowed = true;
    const Cursor open = cursor_;
    if (!kinds(&rule->in)) return false;
    if (!cursor_.take("->")) {
      return fail(cursor_.until(":;,"), "expected '->' here, as in (file->pipe)");
    }
    if (!kinds(&rule->out)) return false;
    if (!cursor_.take(")")) return fail(cursor_.until(":;,"), "expected ')' here");
    if (rule->unsafe || possible_ends(*rule)) return true;
    return fail(open.up_to(cursor_), "none of these calls works on such ends");
  }

  bool kinds(Kinds* kinds) {
    *kinds = 0;
    do {
      const Word word = cursor_.until("|->):;,");
      Kinds one = word.is("any") || word.is("*") ? kAnyKind : 0;
      for (size_t i = 0; i < kKindNames; ++i) {
        if (word.is(kind_names[i])) one = static_cast<Kinds>(1u << i);
      }
      if (one == 0) {
        return fail(word,
                    "the kinds of ends are pipe, file, socket, tty, proc, device, other, "
                    "memory, any");
      }
      *kinds = static_cast<Kinds>(*kinds | one);
    } while (cursor_.take("|"));
    return true;
  }

  bool act(Rule rule) {
    const Word name = cursor_.until("=@,;");
    Word value{name.begin + name.length, 0};
    const bool valued = cursor_.take("=");
    if (valued) value = cursor_.until("@,;");
    if (!act(name, valued, value, &rule)) return false;
    while (cursor_.take("@")) {
      if (!when(&rule)) return false;
    }
    if (plan_->rules == kMaxRules) return fail(name, "there can be at most 64 rules");
    plan_->rule[plan_->rules++] = rule;
    return true;
  }

  bool act(const Word& name, bool valued, const Word& value, Rule* rule) {
    if (name.is("errno") || name.is("partial")) {
      rule->act = name.is("errno") ? Act::kErrno : Act::kPartial;
      return error_value(value, rule);
    }
    if (name.is("gone")) {
      rule->act = Act::kGone;
      rule->error = ENOSYS;
      return !valued || error_value(value, rule);
    }
    if (name.is("limit")) {
      rule->act = Act::kLimit;
      return (read_size(value, &rule->amount) && rule->amount > 0) ||
             fail(value, "a limit is a number of bytes, at least 1, as in limit=512 or limit=4k");
    }
    if (name.is("delay")) {
      rule->act = Act::kDelay;
      return read_duration(value, &rule->amount) ||
             fail(value, "a time is a number followed by ns, us, ms or s, at most 60s");
    }
    // What is left takes a chance, as in short=0.3, which is short@0.3.
    if (!simple_act(name, rule)) return false;
    return !valued || read_chance(value, &rule->chance) ||
           fail(value, "a chance is a number from 0 to 1, or up to 100%");
  }

  bool simple_act(const Word& name, Rule* rule) {
    if (name.is("short")) {
      rule->act = Act::kShort;
      return true;
    }
    if (name.is("byte")) {
      rule->act = Act::kLimit;
      rule->amount = 1;
      return true;
    }
    if (name.is("zero")) {
      rule->act = Act::kZero;
      return rule->unsafe ||
             fail(name, "no kernel returns 0 before the end; put 'unsafe:' in front to allow it");
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
    char text[sizeof(error_->message)] = "the actions are ";
    append_text(text, kActs);
    append_text(text, rule->unsafe ? ", zero" : "");
    return fail(name, text);
  }

  bool error_value(const Word& value, Rule* rule) {
    char name[24] = "";
    if (value.length < sizeof(name)) memcpy(name, value.begin, value.length);
    rule->error = parse_errno(name);
    if (rule->error == 0) {
      return fail(value, "an error is a name like EINVAL, or a number from 1 to 4095");
    }
    const LegalError* legal = legal_error(rule->error);
    if (rule->unsafe || (legal != nullptr && (legal->calls & rule->calls) != 0)) return true;
    char text[sizeof(error_->message)] = "no kernel gives this error; possible are ";
    bool first = true;
    for (const LegalError& one : legal_errors) {
      if ((one.calls & rule->calls) == 0) continue;
      append_text(text, first ? "" : ", ");
      append_text(text, one.name);
      first = false;
    }
    append_text(text, "; put 'unsafe:' in front to allow all");
    return fail(value, text);
  }

  bool when(Rule* rule) {
    const Word word = cursor_.until("@,;");
    for (size_t i = 0; i < word.length; ++i) {
      if (word.begin[i] != '=') continue;
      return named_condition({word.begin, i}, word.after(i + 1), rule);
    }
    uint64_t number;
    if (read_number(word, &number)) {
      rule->first = rule->last = number;
      return number > 0 || fail(word, "calls are counted from 1");
    }
    for (size_t i = 0; i + 1 < word.length; ++i) {
      if (!word.after(i).starts_with("..")) continue;
      const Word last = word.after(i + 2);
      rule->last = UINT64_MAX;
      if (read_number({word.begin, i}, &rule->first) && rule->first > 0 &&
          (last.length == 0 || (read_number(last, &rule->last) && rule->last >= rule->first))) {
        return true;
      }
      return fail(word, "a range is one or two numbers from 1 on, as in @3..7 or @3..");
    }
    return read_chance(word, &rule->chance) || fail(word, "a condition is one of ", kWhen);
  }

  bool named_condition(const Word& name, const Word& value, Rule* rule) {
    uint64_t thread;
    if (name.is("every")) {
      return (read_number(value, &rule->every) && rule->every > 0) ||
             fail(value, "@every takes a number from 1 on, as in @every=4");
    }
    if (name.is("above") || name.is("below")) {
      return read_size(value, name.is("above") ? &rule->above : &rule->below) ||
             fail(value, "expected a number of bytes here, as in @below=64k");
    }
    if (name.is("thread")) {
      if (!read_number(value, &thread) || thread > UINT32_MAX) {
        return fail(value, "a thread is a number; 0 is the first thread of the process");
      }
      rule->thread = static_cast<int64_t>(thread);
      return true;
    }
    if (name.is("process")) {
      if (value.length == 0 || value.length >= kNameSize) {
        return fail(value, "a process is a name of up to 47 characters, as in @process=pv");
      }
      memcpy(rule->process, value.begin, value.length);
      rule->process[value.length] = '\0';
      return true;
    }
    return fail(name, "a condition is one of ", kWhen);
  }

  Cursor cursor_;
  Plan* plan_;
  SpecError* error_;
};

}  // namespace

bool parse_spec(const char* text, Plan* plan, SpecError* error) {
  return Parser(text, plan, error).run();
}

}  // namespace anysplice::inject
