// Processes that run cases, several at a time, under a watch.
#ifndef ANYSPLICE_TOOLS_CONFORM_CASES_POOL_H_
#define ANYSPLICE_TOOLS_CONFORM_CASES_POOL_H_

#include <functional>
#include <string>
#include <vector>

#include "tools/conform/cases/world.h"

namespace oracle {

struct Outcome {
  std::string text;
  bool skipped = false;
  unsigned used = 0;  // bit per call of the family
};

struct Job {
  const std::function<void(World&)>* body;
  const Calls& (*calls)();  // asked for in the process of the case
  Outcome outcome = {};
};

struct Limits {
  size_t at_once = 24;  // mostly asleep in cases that block, so more than there are processors
  int seconds = 120;    // for a case, whatever it does
  int patience = 1;     // so many times as long until a call that sleeps is said to block
};

// Runs all jobs and fills in their outcomes. Not thread-safe.
void run(std::vector<Job>& jobs, const Limits& limits = {});

}  // namespace oracle

#endif  // ANYSPLICE_TOOLS_CONFORM_CASES_POOL_H_
