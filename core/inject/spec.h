// The language of `--inject` and ANYSPLICE_INJECT, as anysplice-inject(7) describes it.
// Allocates nothing; used by the library at its start, and by the command.
//
// For one thread at a time on the same plan; nothing else is kept.
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
  size_t length = 0;  // and how many characters are wrong, 0 at the end of the text
  char message[400] = "";
};

// Adds what the text says to the plan. False, with the error, if it says nothing sensible.
bool parse_spec(const char* text, Plan* plan, SpecError* error);

// The error for a person: what is wrong, the text, and a mark below the place; the last line is not
// ended. It follows "anysplice: ".
// `source` says where the text is from: "ANYSPLICE_INJECT".
using SpecReport = char[800];
void describe(const char* source, const char* text, const SpecError& error, SpecReport& report);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SPEC_H_
