// The decisions of an earlier run, as text: one line for each, and `#` begins a comment.
//
//     pv#2/1 0 splice 3 limit=17
//     process, thread, call, its number, what happens: limit=N, errno=NAME, delay=Nns, zero
//
// Read once at the start, into memory of its own; consulted without locks.
#ifndef ANYSPLICE_CORE_INJECT_REPLAY_H_
#define ANYSPLICE_CORE_INJECT_REPLAY_H_

#include "core/inject/journal.h"

namespace anysplice::inject {

// Parses one line, without its end. False if it is not a decision. Empty lines and comments leave
// the site's number at 0.
bool parse_decision(const char* line, size_t length, Site* site, Decision* decision);

// If the file cannot be used, returns false and describes the problem in `problem`.
bool open_replay(const char* path, char (&problem)[160]);
bool replaying();

// What is to be done to that call.
Decision replayed(const Site& site);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_REPLAY_H_
