// Runs a program in processes of its own, under a watch.
#ifndef ANYSPLICE_TESTS_FUZZ_PLAY_H_
#define ANYSPLICE_TESTS_FUZZ_PLAY_H_

#include <stdint.h>

#include <string>

#include "tests/fuzz/step.h"

namespace fuzz {

struct Outcome {
  enum Kind { kSame, kCutShort, kDifferent, kDied, kHung } kind = kSame;
  std::string report;     // of what is wrong: the step, and what differs
  uint64_t compared = 0;  // steps
  uint64_t excused = 0;   // times a full pipe or socket took more on one side
  bool wrong() const { return kind >= kDifferent; }
};

// A program takes some milliseconds. Not thread-safe. It must have a configuration.
Outcome play(const Program& program, int patience_ms = 10'000);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_PLAY_H_
