// A program of the fuzzer's language: lines of text, one step each.
//
//   # what was wrong
//   config rings            (rings, plain, auto N, native; without it: all)
//   observe 1               (what is looked at after each step, 0 to 2)
//   pipe v0 v1 0x800
//   @1 tee v0 v3 4096 0x2   (by process 1)
#ifndef ANYSPLICE_TESTS_FUZZ_STEP_H_
#define ANYSPLICE_TESTS_FUZZ_STEP_H_

#include <stddef.h>
#include <stdint.h>

#include <optional>
#include <string>
#include <vector>

namespace fuzz {

enum class Op : uint8_t {
#define OP(id, ...) id,
#include "tests/fuzz/ops.def"
#undef OP
  kOps
};

enum class Arg : uint8_t { kNone, kVariable, kFresh, kLength, kOffset, kFlags, kNumber };

inline constexpr int kArgs = 6;
inline constexpr int kVariables = 24;
inline constexpr int kActors = 4;  // processes: the first, and those it forks

// Offset arguments that are none.
inline constexpr int64_t kNoOffset = INT64_MIN;
inline constexpr int64_t kBadOffset = INT64_MIN + 1;

struct OpInfo {
  const char* name;
  Arg args[kArgs];
  int count() const;
};
const OpInfo& info(Op op);

struct Step {
  Op op = Op::kOps;
  int actor = 0;
  int64_t arg[kArgs] = {};
  bool operator==(const Step&) const = default;
};

// How the engine is set up.
struct Config {
  // kNative: the kernel once more, which tells whether a step has one answer at all.
  enum Kind { kRings, kPlain, kAuto, kNative } kind = kRings;
  // kAuto: which native calls are missing, and how (natives.h).
  unsigned natives = 0;
  bool operator==(const Config&) const = default;
};

struct Program {
  std::vector<std::string> comments;
  std::optional<Config> config;  // none: has to pass with all
  int observe = 1;
  std::vector<Step> steps;
};

std::string to_text(const Step& step);
std::string to_text(const Config& config);
std::string to_text(const Program& program);
// Throws std::runtime_error with the line that is no step.
Program parse(const std::string& text);
// "rings", "plain", "auto N", "native".
Config parse_config(const std::string& text);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_STEP_H_
