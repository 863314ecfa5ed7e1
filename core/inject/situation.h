// What a call is about to work on.
//
// Thread-safe and async-signal-safe: nothing is kept.
#ifndef ANYSPLICE_CORE_INJECT_SITUATION_H_
#define ANYSPLICE_CORE_INJECT_SITUATION_H_

#include "core/inject/legal.h"

namespace anysplice::inject {

// A call, as it was made. An end that is the program's memory is -1; of a vmsplice, both ends are
// its descriptor, and which of them is memory is found out.
struct Attempt {
  Call call;
  int in;
  int out;
  unsigned flags;
};

// Looks at the descriptors, by system calls that change nothing. Async-signal-safe.
Situation look_at(const Attempt& attempt, size_t length);

// Whether a call that may sleep, or may be refused because it would have to, could have had to
// just now, as far as can be seen: not if there is something to take, and the target has room.
bool may_wait(const Attempt& attempt, const Situation& situation);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SITUATION_H_
