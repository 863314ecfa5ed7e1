// The calls around a fault, for a person.
#ifndef ANYSPLICE_TOOLS_EXPLORE_AROUND_H_
#define ANYSPLICE_TOOLS_EXPLORE_AROUND_H_

#include <string>
#include <vector>

#include "core/inject/journal.h"

namespace anysplice::tools {

// "file", or "closed" for none.
std::string name_of_kinds(inject::Kinds kinds);

// From the entries of a run in which everything was recorded: the first call to which something was
// done, and those that the same thread made before and after it, a line each.
std::vector<std::string> calls_around_fault(const std::vector<const inject::Entry*>& entries);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_AROUND_H_
