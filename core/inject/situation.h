// Finds out what a call is about to work on.
//
// Thread-safe and async-signal-safe: keeps nothing.
#ifndef ANYSPLICE_CORE_INJECT_SITUATION_H_
#define ANYSPLICE_CORE_INJECT_SITUATION_H_

#include "core/inject/legal.h"

namespace anysplice::inject {

// A call, as it was made. An end that is the program's memory is -1. For a vmsplice both ends are
// its descriptor; look_at() finds out which of them is memory.
struct Attempt {
  Call call;
  int in;
  int out;
  unsigned flags;
};

// Examines the descriptors by system calls that change nothing.
Situation look_at(const Attempt& attempt, size_t length);

// Whether the call might have to wait at this moment, as far as can be seen: false if the source
// has bytes and the target has room. (A call that has to wait sleeps or returns EAGAIN.)
bool may_wait(const Attempt& attempt, const Situation& situation);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_SITUATION_H_
