// Single values of a program: drawn, as the liking of that program is, for what its variables are
// taken to be.
#ifndef ANYSPLICE_TESTS_FUZZ_DRAWS_H_
#define ANYSPLICE_TESTS_FUZZ_DRAWS_H_

#include <stdint.h>

#include <initializer_list>
#include <random>
#include <vector>

#include "tests/fuzz/step.h"

namespace fuzz {

// What a variable will be, as far as can be told without running the program.
enum Guess : uint8_t { kFree, kReader, kWriter, kAnyFile, kSocket, kAnyDevice, kSet };

class Draws {
 public:
  explicit Draws(uint64_t seed) : dice_(seed) {}

  // How long what is moved is, and how much may wait: a liking of the program as a whole.
  void draw_likings();

  unsigned below(unsigned n) { return static_cast<unsigned>(dice_() % n); }
  bool chance(unsigned percent) { return below(100) < percent; }

  // The variables of these kinds.
  std::vector<int> all(unsigned guesses);
  // A variable of one of these kinds, mostly.
  int pick(unsigned guesses);
  static constexpr unsigned of(std::initializer_list<Guess> guesses) {
    unsigned mask = 0;
    for (const Guess guess : guesses) mask |= 1u << guess;
    return mask;
  }

  int64_t length();
  int64_t offset(int v);
  int64_t family_flags();
  int64_t segments();
  int64_t bad_segment();
  int64_t open_flags();
  int64_t events();

 protected:
  Guess guess_[kVariables] = {};
  bool blocking_ = false;

 private:
  std::mt19937_64 dice_;
  unsigned lengths_ = 0;
};

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_DRAWS_H_
