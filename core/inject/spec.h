// The language of `--inject` and ANYSPLICE_INJECT, as anysplice-inject(7) describes it.
// Allocates nothing. Used by the library when it is loaded, and by the command.
//
// To be used by one thread at a time on the same plan; keeps nothing else.
#ifndef ANYSPLICE_CORE_INJECT_SPEC_H_
#define ANYSPLICE_CORE_INJECT_SPEC_H_

#include <stddef.h>

#include "core/inject/plan.h"

namespace anysplice::inject {

// The names of the kinds of ends, in the order of their bits.
inline constexpr size_t kKindNames = 8;
extern const char* const kind_names[kKindNames];

struct SpecError {
  size_t at = 0;      // where in the text: an offset,
  size_t length = 0;  // and how many characters are wrong; 0 if something is missing
  char message[400] = "";
};

// Adds the rules of the text to the plan. If the text is invalid, returns false and fills in the
// error.
bool parse_spec(const char* text, Plan* plan, SpecError* error);

// Describes an error for a person: what is wrong, the text, and a mark below the place. There is no
// newline at the end. It is printed after "anysplice: ".
// `source` says where the text comes from, for instance "ANYSPLICE_INJECT".
using SpecReport = char[800];
void describe(const char* source, const char* text, const SpecError& error, SpecReport& report);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SPEC_H_
