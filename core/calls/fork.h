// What surrounds a fork that the engine itself does not make.
//
// Several threads may fork at the same time. Async-signal-safe, as fork(2) is: in a handler that
// interrupted a call on a pipe, that pipe is settled when the call is over, and the wait for
// descriptors that are open for a moment ends after a tenth of a second (transient_descriptor.h).
// after_fork() keeps errno.
#ifndef ANYSPLICE_CORE_CALLS_FORK_H_
#define ANYSPLICE_CORE_CALLS_FORK_H_

namespace anysplice {

// Settles all rings and keeps new ones from being made until after_fork(), which both processes
// call.
void before_fork();
void after_fork(bool child);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_FORK_H_
