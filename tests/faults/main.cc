// Every system call of the engine fails in turn, in every scenario; prints TAP, and how many pairs
// of a call site and an errno there were.
//
//   faults                     all
//   faults SCENARIO [SYSTEM]   one, with what goes wrong in it
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <string>
#include <vector>

#include "run.h"
#include "systems.h"
#include "trial.h"
#include "world.h"

using namespace faults;

namespace {

// The scenarios whose number is `part` modulo `parts`; whether all went well.
bool run_part(Run& run, size_t part, size_t parts, const char* only, const char* only_system) {
  prepare_trials();
  bool good = true;
  for (size_t i = part; i < scenarios().size(); i += parts) {
    const Scenario& scenario = scenarios()[i];
    if (only != nullptr && strcmp(only, scenario.name) != 0) continue;
    std::vector<std::string> wrong;
    Tried tried;
    for (const System& system : systems()) {
      if (only_system != nullptr && strcmp(only_system, system.name) != 0) continue;
      for (const std::string& what : run.all_of(scenario, system, tried)) {
        wrong.push_back(std::string(system.name) + ": " + what);
      }
    }
    std::string name = scenario.name;
    std::replace(name.begin(), name.end(), '_', ' ');
    // Without a number: they end in any order.
    printf("%s - %s\n", wrong.empty() ? "ok" : "not ok", name.c_str());
    const size_t most = only != nullptr ? wrong.size() : std::min<size_t>(wrong.size(), 20);
    for (size_t n = 0; n < most; ++n) printf("# %s\n", wrong[n].c_str());
    if (most < wrong.size()) printf("# and %zu more\n", wrong.size() - most);
    fflush(stdout);
    good = good && wrong.empty();
  }
  return good;
}

}  // namespace

int main(int argc, char** argv) {
  Run all(FAULTS_SOURCE);
  if (argc > 1) {
    return run_part(all, 0, 1, argv[1], argc > 2 ? argv[2] : nullptr) ? 0 : 1;
  }
  printf("1..%zu\n", scenarios().size() + 1);
  fflush(stdout);
  constexpr size_t kParts = 2;
  FILE* findings[kParts];
  pid_t parts[kParts];
  for (size_t part = 0; part < kParts; ++part) {
    findings[part] = tmpfile();
    parts[part] = fork();
    if (parts[part] != 0) continue;
    const bool good = run_part(all, part, kParts, nullptr, nullptr);
    all.tell(findings[part]);
    fflush(findings[part]);
    _exit(good ? 0 : 1);
  }
  bool good = true;
  for (size_t part = 0; part < kParts; ++part) {
    int status = 0;
    waitpid(parts[part], &status, 0);
    good = good && status == 0;
    rewind(findings[part]);
    all.listen(findings[part]);
  }
  return all.summary() && good ? 0 : 1;
}
