// Giving a candidate its ring, and the reasons against rings.
//
// Thread-safe and async-signal-safe; what takes a pipe wants its lock held.
#ifndef ANYSPLICE_CORE_PIPE_PROMOTION_H_
#define ANYSPLICE_CORE_PIPE_PROMOTION_H_

#include "core/pipe/pipe_table.h"

namespace anysplice {

// Rings are for processes in which every transfer is ours to make.
bool rings_wanted();

// Gives a candidate its ring; or decides that it stays with the kernel.
void promote(Pipe* pipe);

// Takes bytes of the kernel's pipe in, behind those of a ring; or, if they do not fit, leaves all
// to the kernel. Whether there were any.
bool take_in(Pipe* pipe);

// Adds to a count of reasons against rings. While there is one, candidates that are asked for a
// ring become the kernel's.
void forbid_rings(int by);

// The kernel's vmsplice has put memory into a pipe: one that has bytes by then gets no ring, since
// what leaves it is to be what the memory holds at that time.
void expect_references();

// From now on every call on a ring looks first for bytes that came past it into the kernel's pipe.
void expect_unseen_writers();
bool expects_unseen_writers();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_PROMOTION_H_
