// Which related processes, forked from one another, may still read a pipe that was made here: as
// long as there are any, nothing stays held of it after a call.
//
// A fork gives a child every read end. That it closes one it tells its parent, and the parent it,
// by a page that only these two have: so nobody can speak for another, and who lies spoils only
// pipes of his own. (Later children do not get the page: MADV_DONTFORK.) Of a pipe that was given
// to others by other ways than a fork (a message, a program started by vfork, /proc), and so may
// also come back by a number that is not known, nothing is told any more.
//
// Thread-safe and async-signal-safe, but for the functions around a fork; errno is kept.
#ifndef ANYSPLICE_CORE_PIPE_SHARERS_H_
#define ANYSPLICE_CORE_PIPE_SHARERS_H_

#include "core/pipe/pipe_table.h"

namespace anysplice::sharers {

// Whether any related process may have a read end of the pipe.
bool any(Pipe* pipe);

// Others may get a read end of the pipe.
void give(Pipe* pipe);
// This process has closed its last read end of the pipe, or keeps none in the program it becomes.
void stop_reading(Pipe* pipe);
// The process ends: all of its pipes.
void stop_all();

// This process neither tells nor believes anything any more: who may read then may for good.
void leave();

// Around a fork. `tell`: make a page for the child; else what it does is never known.
void before_fork(bool tell);
void after_fork(bool child);

}  // namespace anysplice::sharers

#endif  // ANYSPLICE_CORE_PIPE_SHARERS_H_
