// Draws the steps of a program; generate.h is what others need.
#ifndef ANYSPLICE_TESTS_FUZZ_GENERATOR_H_
#define ANYSPLICE_TESTS_FUZZ_GENERATOR_H_

#include <array>
#include <initializer_list>

#include "tests/fuzz/draws.h"

namespace fuzz {

class Generator : private Draws {
 public:
  Generator(uint64_t seed, const Config& config);
  Program run(int steps);

 private:
  void add(Op op, std::initializer_list<int64_t> args);
  // What most programs begin with.
  void furnish();
  void step();
  void draw(Op op);

  // --- compose.cc: what takes more than one draw
  void make(Op op);
  void copy(Op op);
  void compose_wait();
  void compose_at_once(Op op);

  Program program_;
  std::array<unsigned, static_cast<size_t>(Op::kOps)> weights_;
  bool forked_ = false;
  int actor_ = 0;
};

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_GENERATOR_H_
