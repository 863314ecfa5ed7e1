// Programs drawn from a seed: the same on every machine.
#ifndef ANYSPLICE_TESTS_FUZZ_GENERATE_H_
#define ANYSPLICE_TESTS_FUZZ_GENERATE_H_

#include "tests/fuzz/step.h"

namespace fuzz {

Program generate(uint64_t seed, int steps, const Config& config);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_GENERATE_H_
