// What surrounds a fork that the engine itself does not make.
#ifndef ANYSPLICE_CORE_CALLS_FORK_H_
#define ANYSPLICE_CORE_CALLS_FORK_H_

namespace anysplice {

// Settles all rings and keeps new ones from being made until after_fork(), which both processes
// call.
void before_fork();
void after_fork(bool child);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_FORK_H_
