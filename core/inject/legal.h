// What a kernel may answer: the errors that each call can have, and where.
//
// Thread-safe and async-signal-safe: constant tables and functions of their arguments.
#ifndef ANYSPLICE_CORE_INJECT_LEGAL_H_
#define ANYSPLICE_CORE_INJECT_LEGAL_H_

#include "core/inject/plan.h"

namespace anysplice::inject {

struct LegalError {
  const char* name;
  int error;
  Calls calls;
  Kinds in;   // the error is of the source if that is one of these,
  Kinds out;  // or of the target if that is
  // A filter or a missing call answers before it looks at the arguments.
  bool at_once;
};

inline constexpr size_t kLegalErrors = 12;
extern const LegalError legal_errors[kLegalErrors];

// Null if no kernel gives this error for any of the calls.
const LegalError* legal_error(int error);

// One call, as far as it decides what is legal.
struct Situation {
  Call call = Call::kSplice;
  Kinds in = 0;
  Kinds out = 0;
  size_t length = 0;     // asked for
  bool valid = false;    // the ends are such that the call would get to work on them
  bool sleeps = false;   // it sleeps where it has to wait,
  bool refuses = false;  // or it says EAGAIN there: by its flag or O_NONBLOCK
  bool whole = false;    // an end takes a message or nothing
};

bool may_fail(const Situation& situation, int error);
bool may_shorten(const Situation& situation);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_LEGAL_H_
