// The language of `--inject` and ANYSPLICE_INJECT, as anysplice-inject(7) describes it.
// Allocates nothing. Used by the library when it is loaded, and by the command.
//
// To be used by one thread at a time on the same plan; keeps nothing else.
#ifndef ANYSPLICE_CORE_INJECT_SPEC_H_
#define ANYSPLICE_CORE_INJECT_SPEC_H_

#include <stddef.h>

#include "core/inject/plan.h"
#include "core/inject/spec_error.h"

namespace anysplice::inject {

// The names of the kinds of ends, in the order of their bits.
inline constexpr size_t kKindNames = 8;
extern const char* const kind_names[kKindNames];

// Adds the rules of the text to the plan. If the text is invalid, returns false and fills in the
// error.
bool parse_spec(const char* text, Plan* plan, SpecError* error);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SPEC_H_
