// Pipes in each state that the engine knows.
#ifndef ANYSPLICE_TESTS_FAULTS_STATES_H_
#define ANYSPLICE_TESTS_FAULTS_STATES_H_

#include <fcntl.h>

#include "world.h"

namespace faults {

inline constexpr unsigned kNow = SPLICE_F_NONBLOCK;

// A pipe in a ring (if there are rings) with so many bytes.
Box& ring(World& w, size_t bytes);
// A pipe of the kernel of which the engine holds bytes, and the kernel has some more.
Box& held(World& w, size_t bytes, Box& p);
Box& held(World& w, size_t bytes);

// Does something with a pipe in each state.
void each(World& w, void (*what)(World&, Box&));

// By each of the calls that read, as long as there is anything.
void read_some(World& w, Box& p);

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_STATES_H_
