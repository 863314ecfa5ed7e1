// Pipes that somebody outside this process, or outside the engine, may read or watch: nothing stays
// held of them after a call, and they get no ring.
//
// Thread-safe, lock-free and async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_EXPOSED_PIPES_H_
#define ANYSPLICE_CORE_PIPE_EXPOSED_PIPES_H_

#include "core/pipe/pipe_id.h"

namespace anysplice::exposed_pipes {

// For good: a pipe in an epoll set, sent over a socket, passed to a program, ...
void mark(PipeId id);
bool marked(PipeId id);

// Told before a fork or the start of a program. From then on another may have, or sleep on, any
// pipe that was not made here: each counts as exposed.
void note_may_be_shared();
bool may_be_shared();

}  // namespace anysplice::exposed_pipes

#endif  // ANYSPLICE_CORE_PIPE_EXPOSED_PIPES_H_
