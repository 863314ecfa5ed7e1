// Makes calls go wrong on purpose. The four calls, and the calls that make and size pipes, ask here
// before they do their work. Whether the kernel or the engine does the work is decided afterwards
// (calls/dispatch.h), so injection is the same over both.
//
// Costs one load while nothing is to be injected. Thread-safe, async-signal-safe, and allocates
// nothing.
#ifndef ANYSPLICE_CORE_INJECT_INJECT_H_
#define ANYSPLICE_CORE_INJECT_INJECT_H_

#include <sys/types.h>

#include "core/inject/plan.h"
#include "core/inject/situation.h"

namespace anysplice::inject {

extern bool active;  // set before threads exist
inline bool on() { return __builtin_expect(active, 0); }

// Puts a plan into force for a program that was called by this name. The plan is not copied. If
// open_replay() has read decisions, they replace the rules.
void start(const Plan& plan, const char* program);
void stop();

struct Entry;

// What end() needs of a call that was made.
struct Account {
  Entry* entry = nullptr;  // of the journal, may be null
  uint64_t rules = 0;      // bits: those that count the bytes of files,
  uint64_t version = 0;    // of this plan
  uint64_t in = 0;         // the files, if there are such rules (names.h),
  uint64_t out = 0;
  Kinds in_kind = 0;  // and what they are
  Kinds out_kind = 0;
};

// What begin() decided.
struct Turn {
  bool open;       // the call is to be made,
  size_t length;   // of so many bytes;
  ssize_t answer;  // or this is its answer, and errno is set
  Account account;
};

// Decides: shortens, waits, or refuses.
Turn begin(const Attempt& attempt, size_t length);
// To be called with the result of a call that was made: bytes, or -1 and errno.
void end(Call call, const Account& account, ssize_t result);

// Makes a call, go(length), unless something else is to be done. Everything is passed by value, so
// that it can stay in registers while nothing is injected.
template <typename Go>
ssize_t around(Call call, int in, int out, unsigned flags, size_t length, Go go) {
  Account account;
  const bool injecting = on();
  if (injecting) [[unlikely]] {
    const Turn turn = begin({call, in, out, flags}, length);
    if (!turn.open) return turn.answer;
    length = turn.length;
    account = turn.account;
  }
  const ssize_t n = go(length);
  if (injecting) [[unlikely]]
    end(call, account, n);
  return n;
}

// To be called only while on(). size_new_pipe(): a pipe was made, and its size may have to be
// limited. refuses_size(): a pipe is about to be sized by fcntl(2); returns the error to be
// injected, or 0.
void size_new_pipe(const int fds[2]);
int refuses_size(int fd, int command, long size);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_INJECT_H_
