// A run of scenarios: which faults were tried, what they led to, and which call sites were reached.
#ifndef ANYSPLICE_TESTS_FAULTS_RUN_H_
#define ANYSPLICE_TESTS_FAULTS_RUN_H_

#include <cstdint>
#include <cstdio>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "inject.h"
#include "sites.h"
#include "systems.h"
#include "world.h"

namespace faults {

// How often a fault was tried in a scenario, on one system or another: site, errno, kind.
using Tried = std::map<std::tuple<std::string, int, Kind>, int>;

using Pairs = std::set<std::pair<std::string, std::string>>;  // site, errno

class Run {
 public:
  explicit Run(const std::string& source) : known_(sites_in_source(source)) {}

  // All faults of one scenario on one system. Returns what went wrong.
  std::vector<std::string> all_of(const Scenario& scenario, const System& system, Tried& tried);

  // What another run of other scenarios found, or tells what this one did.
  void tell(FILE* to) const;
  void listen(FILE* from);

  // Whether each call site was reached, or is one that cannot be.
  bool summary() const;

 private:
  std::vector<Plan> plans_of(const Event& call, int times) const;
  void look_up(const std::vector<Event>& calls);

  std::set<std::string> known_;
  std::map<uintptr_t, std::string> names_;
  std::set<std::string> reached_;
  Pairs pairs_;
  size_t faults_ = 0;
};

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_RUN_H_
