// The ends of a call by what people call them. The system is asked only for what a rule names.
//
// Thread-safe and async-signal-safe: keeps nothing.
#ifndef ANYSPLICE_CORE_INJECT_NAMES_H_
#define ANYSPLICE_CORE_INJECT_NAMES_H_

#include "core/inject/plan.h"

namespace anysplice::inject {

// Whether the text is what the pattern says: * stands for any characters, ? for one.
bool matches(const char* pattern, const char* text);

// Whether the end, of that kind, has one of these names of the plan.
bool has_name(const Plan& plan, EndNames names, int fd, Kinds kind);

// A number of the file behind a descriptor that no other file has while it is there.
uint64_t file_identity(int fd);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_NAMES_H_
