// What a kernel may answer: the errors that each call can return, and from which ends.
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
  Kinds in;   // the error may come from a source of these kinds,
  Kinds out;  // or from a target of these kinds
  // Returned whatever the arguments are, as by a filter or a missing call.
  bool at_once;
};

inline constexpr size_t kLegalErrors = 14;
extern const LegalError legal_errors[kLegalErrors];

// Null if no kernel gives this error for any of the calls.
const LegalError* legal_error(int error);

// What is known of one call and decides what is legal.
struct Situation {
  Call call = Call::kSplice;
  Kinds in = 0;
  Kinds out = 0;
  size_t length = 0;     // asked for
  bool valid = false;    // the call would start to work on these ends
  bool sleeps = false;   // if it has to wait, it sleeps,
  bool refuses = false;  // or returns EAGAIN, because of its flag or O_NONBLOCK
  bool whole = false;    // an end takes or gives whole messages only
};

bool may_fail(const Situation& situation, int error);
bool may_shorten(const Situation& situation);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_LEGAL_H_
