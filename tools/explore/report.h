// What an exploration found, for a person and for a program.
#ifndef ANYSPLICE_TOOLS_EXPLORE_REPORT_H_
#define ANYSPLICE_TOOLS_EXPLORE_REPORT_H_

#include <string>
#include <vector>

#include "tools/explore/trial.h"

namespace anysplice::tools {

// Failures of one kind, at calls of one kind, with the same end.
struct Finding {
  Failure failure;  // the first of them
  Trial trial;
  Verdict verdict;
  bool steady = true;  // came out so twice
  size_t times = 1;
};

struct Exploration {
  std::string command;  // for a shell, the test command alone
  std::string prefix;   // "anysplice run" and its options, for a shell
  Trial clean;
  size_t calls = 0;
  size_t processes = 0;
  size_t runs = 0;
  size_t tried = 0;
  size_t not_tried = 0;
  size_t verdicts[kVerdicts] = {};
  std::vector<Finding> findings;

  // Whether there is a finding of that kind.
  bool knows(const Failure& failure, const Trial& trial, Verdict verdict) const;
  // Whether such a failure of such a call is known to hang.
  bool hangs_at(const Failure& failure) const;
  // Keeps what the run without failures did wrong all the same.
  void add_clean();
  // Counts a failure that was tried; keeps it if it was not survived.
  void add(const Failure& failure, const Trial& trial, Verdict verdict, bool steady);
};

// "'a b'" for a word that a shell would take apart.
std::string shell_word(absl::string_view word);

// "exit status 1", "killed by SIGSEGV", "still running after 5 s".
std::string end_of(const Trial& trial);

std::string as_text(const Exploration& exploration);
std::string as_json(const Exploration& exploration);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_REPORT_H_
