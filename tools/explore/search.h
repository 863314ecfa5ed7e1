// The exploration itself: which runs are made, in which order, and what they show.
#ifndef ANYSPLICE_TOOLS_EXPLORE_SEARCH_H_
#define ANYSPLICE_TOOLS_EXPLORE_SEARCH_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "tools/explore/report.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {

struct SearchOptions {
  TrialOptions trial;
  size_t jobs = 1;
  std::vector<std::string> processes;  // none: all
  std::optional<size_t> max_runs;      // 200, and without a limit where there is a budget
  std::optional<Seconds> timeout;
  std::optional<Seconds> budget;
  std::string resume;  // a file; empty: none
};

// Runs the test until everything has been tried or time is up. What is found depends neither on the
// number of jobs nor on interruptions, as far as the test does the same every time.
absl::Status explore(const SearchOptions& options, Exploration* exploration);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_SEARCH_H_
