#include "core/inject/spec.h"

#include "core/base/text.h"
#include "core/inject/profiles.h"
#include "core/inject/spec_parts.h"
#include "core/inject/words.h"

namespace anysplice::inject {

namespace {

class Parser {
 public:
  Parser(const char* text, Plan* plan, SpecError* error)
      : cursor_(text), plan_(plan), fail_(text, error) {}

  bool run() {
    if (cursor_.at_end())
      return fail_.at({cursor_.until("").begin, 0}, "there is nothing to inject");
    for (;;) {
      if (!item()) return false;
      if (cursor_.at_end()) return true;
      if (!cursor_.take(";")) {
        return fail_.at(cursor_.until(";,"), "expected ';' or ',' here");
      }
      if (cursor_.at_end()) return true;  // a ';' at the end does no harm
    }
  }

 private:
  bool item() {
    const Word word = cursor_.until(":;=(+");
    if (cursor_.take("=")) {
      const Word value = cursor_.until(";");
      if (word.is("seed")) {
        return read_number(value, &plan_->seed) || fail_.at(value, "a seed is a number");
      }
      if (word.is("as")) return as(value);
      return fail_.at(word, "only 'seed' and 'as' are set by '='");
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
    char list[sizeof(SpecError::message)] = "unknown system; the systems are ";
    for (const Profile& profile : profiles) {
      if (name.is(profile.name)) {
        SpecError none;
        return parse_spec(profile.spec, plan_, &none) || fail_.at(name, none.message);
      }
      append_text(list, &profile == profiles ? "" : ", ");
      append_text(list, profile.name);
    }
    return fail_.at(name, list);
  }

  bool pipes() {
    const Word word = cursor_.until("=;,");
    if (word.is("fixed")) {
      plan_->pipe_fixed = true;
      return true;
    }
    if (word.is("copy")) {
      plan_->pipe_copies = true;
      return true;
    }
    if (!word.is("capacity")) {
      return fail_.at(word, "after 'pipes:' come capacity=BYTES, fixed or copy");
    }
    const Word value = cursor_.take("=") ? cursor_.until(";,") : Word{word.begin + word.length, 0};
    uint64_t bytes;
    if (!read_size(value, &bytes) || bytes < 4096 || bytes > 1 << 30) {
      return fail_.at(value, "the capacity is from 4096 to 1g bytes, as in capacity=8k");
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
    if (cursor_.take("(") && !read_ends(cursor_, fail_, plan_, &rule)) return false;
    if (!cursor_.take(":")) {
      return fail_.at(cursor_.until(";,"), "expected ':' and an action here, as in splice:short");
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
    return fail_.at(
        word, rule->unsafe ? "the calls are splice, tee, vmsplice, sendfile, copy_file_range, all"
                           : "expected a call (splice, tee, vmsplice, sendfile, copy_file_range, "
                             "all), or "
                             "unsafe:CALL, pipes:, seed=, as=");
  }

  bool act(Rule rule) {
    const Word name = cursor_.until("=@,;");
    Word value{name.begin + name.length, 0};
    const bool valued = cursor_.take("=");
    if (valued) value = cursor_.until("@,;");
    if (!read_action(name, valued, value, fail_, &rule)) return false;
    while (cursor_.take("@")) {
      if (!read_condition(cursor_.until("@,;"), fail_, &rule)) return false;
    }
    if (plan_->rules == kMaxRules) return fail_.at(name, "there can be at most 64 rules");
    plan_->rule[plan_->rules++] = rule;
    return true;
  }

  Cursor cursor_;
  Plan* plan_;
  SpecFailure fail_;
};

}  // namespace

bool parse_spec(const char* text, Plan* plan, SpecError* error) {
  return Parser(text, plan, error).run();
}

}  // namespace anysplice::inject
