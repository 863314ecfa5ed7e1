// What is wrong with a specification, and how a person is told.
//
// Thread-safe and async-signal-safe: functions of their arguments, without allocation.
#ifndef ANYSPLICE_CORE_INJECT_SPEC_ERROR_H_
#define ANYSPLICE_CORE_INJECT_SPEC_ERROR_H_

#include <stddef.h>

namespace anysplice::inject {

struct SpecError {
  size_t at = 0;      // where in the text: an offset,
  size_t length = 0;  // and how many characters are wrong; 0 if something is missing
  char message[400] = "";
};

// Describes an error for a person: what is wrong, the text, and a mark below the place. There is no
// newline at the end. It is printed after "anysplice: ".
// `source` says where the text comes from, for instance "ANYSPLICE_INJECT".
using SpecReport = char[800];
void describe(const char* source, const char* text, const SpecError& error, SpecReport& report);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SPEC_ERROR_H_
