// Names for call sites: the place in the source, "file:line function".
#ifndef ANYSPLICE_TESTS_FAULTS_SITES_H_
#define ANYSPLICE_TESTS_FAULTS_SITES_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace faults {

// Every `sys->name(` in the folder and those below it that are the engine's on Linux. Lines of
// comments do not count.
std::set<std::string> sites_in_source(const std::string& folder);

// The names of addresses of this program, by addr2line(1) and the debug information.
// `sites`: each with the function that is called there.
std::map<uintptr_t, std::string> names_of(const std::map<uintptr_t, std::string>& sites,
                                          const std::set<std::string>& known);

// Call sites that no scenario can reach here, and why not: so many in that file, of that function.
struct OutOfReach {
  const char* file;
  const char* function;
  size_t sites;
  const char* reason;
};
extern const std::vector<OutOfReach> out_of_reach;

}  // namespace faults

#endif  // ANYSPLICE_TESTS_FAULTS_SITES_H_
