// The parts of a rule in a specification, and how they say what is wrong with them. For spec.cc.
//
// Functions of their arguments, which must be one thread's; they keep nothing else.
#ifndef ANYSPLICE_CORE_INJECT_SPEC_PARTS_H_
#define ANYSPLICE_CORE_INJECT_SPEC_PARTS_H_

#include "core/base/text.h"
#include "core/inject/plan.h"
#include "core/inject/spec_error.h"
#include "core/inject/words.h"

namespace anysplice::inject {

// Fills in the error of a specification that cannot be parsed.
class SpecFailure {
 public:
  SpecFailure(const char* text, SpecError* error) : text_(text), error_(error) {}

  // Says what is wrong with a word of the text. Returns false.
  bool at(const Word& word, const char* message, const char* more = "") const {
    error_->at = text_.offset_of(word);
    error_->length = word.length;
    error_->message[0] = '\0';
    append_text(error_->message, message);
    append_text(error_->message, more);
    return false;
  }

 private:
  Cursor text_;
  SpecError* error_;
};

// What a rule does, as in short, errno=EIO. `value` is what follows the '=', if there is one, and
// else the empty word behind the name.
bool read_action(const Word& name, bool valued, const Word& value, const SpecFailure& fail,
                 Rule* rule);

// Of which ends it does so: what follows a '(', up to the ')'.
bool read_ends(Cursor& text, const SpecFailure& fail, Plan* plan, Rule* rule);

// When it does so: what follows an '@'.
bool read_condition(const Word& word, const SpecFailure& fail, Rule* rule);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SPEC_PARTS_H_
