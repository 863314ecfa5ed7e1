// What an exploration found, for a person and for a program.
#ifndef ANYSPLICE_TOOLS_EXPLORE_REPORT_H_
#define ANYSPLICE_TOOLS_EXPLORE_REPORT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {

// Failures of one kind, at calls of one kind, with the same end.
struct Finding {
  Failure failure;  // the first of them
  Trial trial;
  Verdict verdict;
  bool steady = true;  // came out so twice
  size_t times = 1;
  // Of several faults those that are enough, and a specification of these; empty if not known.
  std::vector<std::string> fewest = {};
  std::string fewest_spec = {};
};

// A failure that was tried.
struct Outcome {
  Failure failure;
  Verdict verdict;
  std::string end;
  std::string complaint;
  Seconds took;
};

struct Exploration {
  std::string command;  // for a shell, the test command alone
  std::string program;  // the file that a report can point at
  std::string prefix;   // "anysplice run" and its options, for a shell
  Trial clean;
  size_t calls = 0;
  size_t processes = 0;
  size_t runs = 0;
  size_t tried = 0;
  size_t not_tried = 0;
  size_t resumed = 0;  // runs that an earlier exploration has made
  size_t verdicts[kVerdicts] = {};
  std::vector<Finding> findings;
  std::vector<Outcome> outcomes;

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

// What is wrong, the worst first; for a person and for a program.
struct Wrong {
  Verdict verdict;
  const char* title;
  const char* name;
};
extern const Wrong wrong_verdicts[5];
// The name of one of these.
const char* name_of(Verdict verdict);

size_t count(const Exploration& exploration, Verdict verdict);
// The command that repeats a failure, or a finding with the fewest faults.
std::string repeat(const Exploration& exploration, const std::string& spec);
std::string repeat(const Exploration& exploration, const Finding& finding);
// "splice file->pipe: EINTR at splice 3 of pv and 2 more: exit status 1".
std::string sentence(const Finding& finding);
// What speaks against its being a fault of the program; empty if nothing.
std::string doubt_about(const Finding& finding);

std::string as_text(const Exploration& exploration);
std::string as_json(const Exploration& exploration);
std::string as_junit(const Exploration& exploration);
std::string as_sarif(const Exploration& exploration);
std::string as_html(const Exploration& exploration);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_REPORT_H_
