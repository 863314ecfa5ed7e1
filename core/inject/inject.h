// Calls that go wrong on purpose: what the calls of the family, and those that make and size pipes,
// ask before they do their work. Who does the work, the kernel or the engine, is decided after that
// (carry.h), so every injection is the same over both.
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

// A call between its beginning and its end.
struct Turn {
  bool open = false;
  Call call = Call::kSplice;
  ssize_t answer = 0;  // of a call that begin() refused
  Entry* entry = nullptr;
};

// Decides: shortens the length, waits, or refuses the call (false; errno is set).
bool begin(const Attempt& attempt, size_t* length, Turn* turn);
// Told what came of the call: bytes, or -1 and errno.
void end(const Turn& turn, ssize_t result);

// Makes a call, unless something else is to happen.
template <typename Go>
ssize_t around(const Attempt& attempt, size_t* length, Go go) {
  Turn turn;
  if (on() && !begin(attempt, length, &turn)) return turn.answer;
  const ssize_t n = go();
  if (turn.open) end(turn, n);
  return n;
}

// Both only while on(). A pipe was made: its size may be limited. A pipe is to be sized by
// fcntl(2): the error of that, or 0.
void size_new_pipe(const int fds[2]);
int refuses_size(int fd, int command, long size);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_INJECT_H_
