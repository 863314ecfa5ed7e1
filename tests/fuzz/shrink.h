// Makes a program that goes wrong as short and as simple as it can be.
#ifndef ANYSPLICE_TESTS_FUZZ_SHRINK_H_
#define ANYSPLICE_TESTS_FUZZ_SHRINK_H_

#include "tests/fuzz/play.h"

namespace fuzz {

// Leaves steps out and makes arguments simpler, as long as it stays wrong in the same way. Bounded
// in the number of runs.
Program shrink(const Program& program, const Outcome& outcome);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_SHRINK_H_
