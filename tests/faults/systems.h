// The systems that every scenario is tried on.
#ifndef ANYSPLICE_TESTS_FAULTS_SYSTEMS_H_
#define ANYSPLICE_TESTS_FAULTS_SYSTEMS_H_

#include <utility>
#include <vector>

#include "core/policy/mode.h"
#include "inject.h"

namespace faults {

// What the engine finds: which of its ways it takes depends on that.
struct System {
  const char* name;
  bool rings;
  bool guard;
  anysplice::Mode mode;
  std::vector<std::pair<Function, int>> lacking;
  bool addresses_first = false;
};

std::vector<System> systems();

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_SYSTEMS_H_
