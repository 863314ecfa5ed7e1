// fuzz: random programs on the kernel and on the engine.
//
//   fuzz [--seed N] [--programs M] [--steps K] [--minutes T]
//        [--config rings|plain|native|"auto N"|auto|old|partial|all]
//   fuzz FILE...           runs the programs in the files, as regressions
//   fuzz --print N ...     prints the program of a seed
#include <stdio.h>
#include <stdlib.h>

#include <chrono>
#include <fstream>
#include <iostream>
#include <map>
#include <sstream>

#include "tests/fuzz/generate.h"
#include "tests/fuzz/helper.h"
#include "tests/fuzz/memory.h"
#include "tests/fuzz/natives.h"
#include "tests/fuzz/play.h"
#include "tests/fuzz/shrink.h"

namespace fuzz {
namespace {

struct Options {
  uint64_t seed = 1;
  uint64_t programs = 1000;
  int steps = 250;
  double minutes = 0;  // then as many programs as it takes
  std::string config = "all";
  int failures = 5;  // so many, then no more
  bool print = false;
  std::vector<std::string> files;
};

// The numbers of two programs have nothing in common even if their seeds do.
uint64_t mixed(uint64_t x) {
  x = (x ^ x >> 31) * 0x9e3779b97f4a7c15u;
  x = (x ^ x >> 29) * 0xbf58476d1ce4e5b9u;
  return x ^ x >> 32;
}

Config config_of(const std::string& name, uint64_t seed) {
  const unsigned natives = static_cast<unsigned>(mixed(seed + 77) % kNativeChoices);
  if (name == "auto") return {Config::kAuto, natives};
  if (name == "old") return {Config::kAuto, without_natives(natives)};
  // In turn, so that so many programs have had all.
  const unsigned refused = partial_natives(static_cast<unsigned>(seed / 5 % kPartialChoices));
  if (name == "partial") {
    return {Config::kAuto, partial_natives(static_cast<unsigned>(seed % kPartialChoices))};
  }
  if (name != "all") return parse_config(name);
  switch (seed % 5) {
    case 0:
      return {Config::kRings};
    case 1:
      return {Config::kPlain};
    case 2:
      return {Config::kAuto, without_natives(natives)};
    case 3:
      return {Config::kAuto, refused};
    default:
      return {Config::kAuto, natives};
  }
}

struct Totals {
  uint64_t programs = 0, steps = 0, excused = 0, cut_short = 0, wrong = 0;

  void add(const Outcome& outcome) {
    ++programs;
    steps += outcome.compared;
    excused += outcome.excused;
    cut_short += outcome.kind == Outcome::kCutShort;
    wrong += outcome.wrong();
  }
};

void tell(const Program& program, const Outcome& outcome) {
  printf("%s\n%s\n", outcome.report.c_str(), to_text(program).c_str());
  fflush(stdout);
}

int run_random(const Options& options) {
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const std::chrono::duration<double> most(options.minutes * 60);
  Totals totals;
  uint64_t seed = options.seed;
  for (;; ++seed) {
    if (options.minutes > 0 ? Clock::now() - begin >= most : totals.programs >= options.programs) {
      break;
    }
    const Program program = generate(mixed(seed), options.steps, config_of(options.config, seed));
    if (options.print) {
      printf("%s\n", to_text(program).c_str());
      ++totals.programs;
      continue;
    }
    const Outcome outcome = play(program);
    totals.add(outcome);
    if (!outcome.wrong()) continue;
    printf("seed %llu: %s", static_cast<unsigned long long>(seed), outcome.report.c_str());
    fflush(stdout);
    const Program shorter = shrink(program, outcome);
    printf("shortened:\n");
    tell(shorter, play(shorter));
    if (static_cast<int>(totals.wrong) >= options.failures) {
      ++seed;
      break;
    }
  }
  const double seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  printf(
      "fuzz: seeds %llu to %llu, %s: %llu programs, %llu steps compared, %llu differences; "
      "%llu times a full pipe took more, %llu programs cut short; %.0f steps a second\n",
      static_cast<unsigned long long>(options.seed), static_cast<unsigned long long>(seed - 1),
      options.config.c_str(), static_cast<unsigned long long>(totals.programs),
      static_cast<unsigned long long>(totals.steps), static_cast<unsigned long long>(totals.wrong),
      static_cast<unsigned long long>(totals.excused),
      static_cast<unsigned long long>(totals.cut_short),
      static_cast<double>(totals.steps) / seconds);
  return totals.wrong == 0 ? 0 : 1;
}

// A program without a configuration has to pass with rings, without, with some native calls, and
// as on an older kernel.
std::vector<Config> configs_of(const Program& program) {
  if (program.config) return {*program.config};
  std::vector<Config> configs = {{Config::kRings},       {Config::kPlain},
                                 {Config::kAuto, 0xff},  {Config::kAuto, 0x1fe},
                                 {Config::kAuto, 0x255}, {Config::kAuto, without_natives(0)}};
  // And with each subset of the calls refused.
  for (unsigned subset = 0; subset < 16; ++subset) {
    unsigned natives = 0;
    for (unsigned call = 0; call < 4; ++call) natives |= (subset >> call & 1) << 2 * call;
    configs.push_back({Config::kAuto, natives});
  }
  return configs;
}

int run_files(const Options& options) {
  Totals totals;
  for (const std::string& file : options.files) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    Program program = parse(text.str());
    if (!in || program.steps.empty()) throw std::runtime_error(file + ": no program");
    for (const Config& config : configs_of(program)) {
      program.config = config;
      const Outcome outcome = play(program);
      totals.add(outcome);
      if (!outcome.wrong()) continue;
      printf("%s, %s: ", file.c_str(), to_text(config).c_str());
      tell(program, outcome);
    }
  }
  printf("fuzz: %zu files, %llu runs, %llu steps compared, %llu differences\n",
         options.files.size(), static_cast<unsigned long long>(totals.programs),
         static_cast<unsigned long long>(totals.steps),
         static_cast<unsigned long long>(totals.wrong));
  return totals.wrong == 0 ? 0 : 1;
}

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string name = argv[i];
    if (!name.starts_with("--")) {
      options.files.push_back(name);
      continue;
    }
    if (i + 1 == argc) throw std::runtime_error("a value is missing after " + name);
    const std::string value = argv[++i];
    if (name == "--seed") {
      options.seed = std::stoull(value);
    } else if (name == "--programs") {
      options.programs = std::stoull(value);
    } else if (name == "--steps") {
      options.steps = std::stoi(value);
    } else if (name == "--minutes") {
      options.minutes = std::stod(value);
    } else if (name == "--config") {
      options.config = value;
    } else if (name == "--failures") {
      options.failures = std::stoi(value);
    } else if (name == "--print") {
      options.seed = std::stoull(value);
      options.programs = 1;
      options.print = true;
    } else {
      throw std::runtime_error("no option: " + name);
    }
  }
  return options;
}

}  // namespace
}  // namespace fuzz

int main(int argc, char** argv) {
  if (fuzz::is_helper(argc, argv)) return fuzz::helper_main(argv);
  try {
    const fuzz::Options options = fuzz::parse_options(argc, argv);
    fuzz::make_memory();
    return options.files.empty() ? fuzz::run_random(options) : fuzz::run_files(options);
  } catch (const std::exception& error) {
    fprintf(stderr, "fuzz: %s\n", error.what());
    return 2;
  }
}
