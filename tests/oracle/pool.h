// Processes that run cases, several at a time, under a watch.
#ifndef ANYSPLICE_TESTS_ORACLE_POOL_H_
#define ANYSPLICE_TESTS_ORACLE_POOL_H_

#include <functional>
#include <string>
#include <vector>

#include "tests/oracle/world.h"

namespace oracle {

struct Outcome {
  std::string text;
  bool skipped = false;
  unsigned used = 0;  // bit per call of the family
};

struct Job {
  const std::function<void(World&)>* body;
  Side side;
  Outcome outcome = {};
};

// Runs all jobs and fills in their outcomes. Not thread-safe.
void run(std::vector<Job>& jobs);

}  // namespace oracle

#endif  // ANYSPLICE_TESTS_ORACLE_POOL_H_
