// Calls that go wrong on purpose: what the calls of the family, and those that make and size pipes,
// ask before they do their work. Who does the work, the kernel or the engine, is decided after that
// (calls/front.h), so every injection is the same over both.
//
// Costs one load while nothing is to be injected. Thread-safe; async-signal-safe, allocates
// nothing.
#ifndef ANYSPLICE_CORE_INJECT_INJECT_H_
#define ANYSPLICE_CORE_INJECT_INJECT_H_

#include <sys/types.h>

#include "core/inject/plan.h"
#include "core/inject/situation.h"

namespace anysplice::inject {

extern bool active;  // set before threads exist
inline bool on() { return __builtin_expect(active, 0); }

// Puts a plan into force, which stays where it is, for a program that was called by this name. If
// decisions were read by open_replay(), they take the place of the rules.
void start(const Plan& plan, const char* program);
void stop();

struct Entry;

// What begin() decided.
struct Turn {
  bool open;       // the call is to be made,
  size_t length;   // of so many bytes;
  ssize_t answer;  // or this is its answer, and errno is set
  Entry* entry;    // of the journal, may be null
};

// Decides: shortens, waits, or refuses.
Turn begin(const Attempt& attempt, size_t length);
// Told what came of a call that was made: bytes, or -1 and errno.
void end(Call call, Entry* entry, ssize_t result);

// Both only while on(). A pipe was made: its size may be limited. A pipe is to be sized by
// fcntl(2): the error of that, or 0.
void size_new_pipe(const int fds[2]);
int refuses_size(int fd, int command, long size);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_INJECT_H_
