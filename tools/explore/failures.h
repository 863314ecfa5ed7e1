// What can be made to fail in a run that was recorded: every legal failure of every call, those
// that show the most first.
#ifndef ANYSPLICE_TOOLS_EXPLORE_FAILURES_H_
#define ANYSPLICE_TOOLS_EXPLORE_FAILURES_H_

#include <string>
#include <vector>

#include "core/inject/journal.h"

namespace anysplice::tools {

// What a program has to do after a failure.
enum class Duty {
  kRecover,  // do its work all the same
  kNotice,   // that, or end with an error
};

struct Failure {
  std::string spec;   // for --inject
  std::string what;   // for a person: "EINTR"
  std::string where;  // the first of such calls: "splice 3 of pv"; "every splice" for all
  std::string kind;   // call and ends: "splice file->pipe"
  Duty duty;
  bool several = false;  // injects several faults that have nothing to do with each other
};

// Drops the calls of other programs.
void keep_calls_of(const std::vector<std::string>& programs,
                   std::vector<const inject::Entry*>* entries);

// From the entries of a run in which everything was recorded. First one failure for all calls of a
// name; then those of the first call of each kind in each thread, of the second, the third and the
// last, of calls at ever larger steps in between, and finally of all others.
std::vector<Failure> legal_failures(const std::vector<const inject::Entry*>& entries);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_FAILURES_H_
