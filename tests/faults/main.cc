// Every system call of the engine fails in turn, in every scenario; prints TAP, and how many pairs
// of a call site and an errno there were.
//
//   faults                     all
//   faults SCENARIO [SYSTEM]   one, with what goes wrong in it
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/calls/engine.h"
#include "core/memory/fault_guard.h"
#include "errors.h"
#include "inject.h"
#include "sites.h"
#include "world.h"

using namespace faults;

namespace {

// What the engine finds: which of its ways it takes depends on that.
struct System {
  const char* name;
  bool rings;
  bool guard;
  anysplice::Mode mode;
  std::vector<std::pair<Function, int>> lacking;
  bool addresses_first = false;
};

std::vector<System> systems() {
  using enum Function;
  using anysplice::Mode;
  return {
      {"rings", true, true, Mode::kEmulate, {}},
      {"no rings", false, true, Mode::kEmulate, {}},
      {"rings, no guarded copy", true, false, Mode::kEmulate, {}},
      {"no rings, no RWF_NOWAIT",
       false,
       false,
       Mode::kEmulate,
       {{preadv2, EOPNOTSUPP}, {pwritev2, EOPNOTSUPP}}},
      {"rings, no safe copy, filtered RWF_NOWAIT",
       true,
       false,
       Mode::kEmulate,
       {{process_vm_readv, ENOSYS},
        {process_vm_writev, ENOSYS},
        {preadv2, EPERM},
        {pwritev2, EPERM}}},
      {"rings, addresses first", true, true, Mode::kEmulate, {}, true},
      {"the kernel's calls", true, true, Mode::kAuto, {}},
      {"the kernel's calls refused",
       true,
       true,
       Mode::kAuto,
       {{splice, EPERM}, {tee, ENOSYS}, {vmsplice, ENOSYS}, {sendfile64, EPERM}}},
  };
}

constexpr int kSeconds = 10;  // a busy machine needs some of them

struct Report {
  char text[512];
};
Report* report;

void say(const std::string& what) {
  snprintf(report->text, sizeof(report->text), "%s", what.c_str());
}

// In a process of its own.
[[noreturn]] void trial(const Scenario& scenario, const System& system, const Plan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  const int quiet = memfd_create("stderr", MFD_CLOEXEC);
  dup2(quiet, 2);
  for (const auto& [function, error] : system.lacking) lack(function, error);
  if (system.addresses_first) look_at_addresses_first();
  anysplice::set_mode(system.mode, 0);
  anysplice::allow_rings(system.rings);
  if (system.guard) anysplice::fault_guard::allow();
  World world;
  arm(plan);
  try {
    scenario.run(world);
  } catch (const Over&) {
  }
  disarm();
  // From another thread: to this one a lock left held might look like its own.
  std::thread([&] { world.settle_accounts(); }).join();
  say(world.verdict());
  _exit(world.verdict().empty() ? 0 : 1);
}

// What was wrong; empty if nothing.
std::string run(const Scenario& scenario, const System& system, const Plan& plan) {
  say("");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) trial(scenario, system, plan);
  // Not by its own alarm: it may be stuck with signals blocked.
  pollfd over{static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  const bool stuck = poll(&over, 1, kSeconds * 1000) == 0;
  close(over.fd);
  if (stuck) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (stuck) return "stuck";
  return WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : report->text;
}

// How often a fault was tried in a scenario, on one system or another: site, errno, kind.
using Tried = std::map<std::tuple<std::string, int, Kind>, int>;
// The systems differ in which sites they reach, hardly in what follows from a failure there.
constexpr int kSystemsEach = 2;

using Pairs = std::set<std::pair<std::string, std::string>>;  // site, errno

class Run {
 public:
  explicit Run(const std::string& source) : known_(sites_in_source(source)) {}

  // All faults of one scenario on one system. Returns what went wrong.
  std::vector<std::string> all_of(const Scenario& scenario, const System& system, Tried& tried) {
    std::vector<std::string> wrong;
    const auto note = [&](const std::string& fault, const std::string& what) {
      if (!what.empty()) wrong.push_back(fault + ": " + what);
    };
    note("no fault", run(scenario, system, {}));
    const std::vector<Event> calls = events();
    std::map<uintptr_t, int> times;
    std::map<uintptr_t, Event> sites;
    for (const Event& call : calls) {
      ++times[call.site];
      sites.emplace(call.site, call);
    }
    look_up(calls);
    for (const auto& [site, call] : sites) {
      for (const Plan& plan : plans_of(call, times[site])) {
        if (++tried[{names_[site], plan.error, plan.kind}] > kSystemsEach) continue;
        const std::string what = run(scenario, system, plan);
        if (!fired()) continue;
        ++faults_;
        const bool is_short = plan.kind == Kind::kShort;
        const std::string error = is_short ? "short" : strerrorname_np(plan.error);
        pairs_.insert({names_[site], error});
        look_up(events());
        if (getenv("FAULTS_VERBOSE") != nullptr && !what.empty()) {
          fprintf(stderr, "%s: %s %s %d %d: %s\n", system.name, names_[site].c_str(), error.c_str(),
                  static_cast<int>(plan.kind), plan.occurrence, what.c_str());
        }
        note(names_[site] + " " + error + (plan.kind == Kind::kAlways ? " for ever" : "") +
                 ", call " + std::to_string(plan.occurrence),
             what);
      }
    }
    return wrong;
  }

  // What another run of other scenarios found, or tells what this one did.
  void tell(FILE* to) const {
    fprintf(to, "%zu\n", faults_);
    for (const auto& [site, error] : pairs_) fprintf(to, "%s\t%s\n", site.c_str(), error.c_str());
    for (const auto& [address, name] : names_) fprintf(to, "%s\t\n", name.c_str());
  }
  void listen(FILE* from) {
    size_t faults = 0;
    if (fscanf(from, "%zu\n", &faults) != 1) abort();
    faults_ += faults;
    char line[256];
    while (fgets(line, sizeof(line), from) != nullptr) {
      const std::string text(line, strlen(line) - 1);
      const size_t tab = text.find('\t');
      reached_.insert(text.substr(0, tab));
      if (tab + 1 < text.size()) pairs_.insert({text.substr(0, tab), text.substr(tab + 1)});
    }
  }

  // Whether each call site was reached, or is one that cannot be.
  bool summary() const {
    std::set<std::string> left;
    std::set_difference(known_.begin(), known_.end(), reached_.begin(), reached_.end(),
                        std::inserter(left, left.end()));
    const size_t reached = known_.size() - left.size();
    size_t listed = 0;
    bool good = true;
    for (const OutOfReach& entry : out_of_reach) {
      const auto is_meant = [&](const std::string& site) {
        return site.starts_with(std::string(entry.file) + ":") &&
               site.ends_with(std::string(" ") + entry.function);
      };
      const size_t found = std::erase_if(left, is_meant);
      listed += found;
      printf("# cannot be reached: %zu in %s, %s: %s\n", found, entry.file, entry.function,
             entry.reason);
      if (found == entry.sites) continue;
      good = false;
      printf("# but %zu are listed: some were reached, or are new, or gone\n", entry.sites);
    }
    for (const std::string& site : left) printf("# not reached: %s\n", site.c_str());
    good = good && left.empty();
    printf("%s - all call sites are accounted for\n", good ? "ok" : "not ok");
    printf(
        "# %zu faults; %zu pairs of a call site and an errno; of %zu call sites %zu reached, %zu "
        "listed as out of reach, %zu missing\n",
        faults_, pairs_.size(), known_.size(), reached, listed, left.size());
    return good;
  }

 private:
  std::vector<Plan> plans_of(const Event& call, int times) const {
    std::vector<Plan> plans;
    const int last = times - 1;
    for (const int error : errors_of(call)) {
      plans.push_back({Kind::kOnce, call.site, 0, error});
      if (last > 0) plans.push_back({Kind::kOnce, call.site, last, error});
      if (may_last(call.function, error))
        plans.push_back({Kind::kAlways, call.site, last / 2, error});
    }
    if (moves_bytes(call.function)) {
      plans.push_back({Kind::kShort, call.site, 0, 0});
      if (last > 0) plans.push_back({Kind::kShort, call.site, last, 0});
    }
    return plans;
  }

  void look_up(const std::vector<Event>& calls) {
    std::map<uintptr_t, std::string> unknown;
    for (const Event& call : calls) {
      if (names_.count(call.site) == 0) unknown[call.site] = name_of(call.function);
    }
    names_.merge(names_of(unknown, known_));
  }

  std::set<std::string> known_;
  std::map<uintptr_t, std::string> names_;
  std::set<std::string> reached_;
  Pairs pairs_;
  size_t faults_ = 0;
};

// The scenarios whose number is `part` modulo `parts`; whether all went well.
bool run_part(Run& run, size_t part, size_t parts, const char* only, const char* only_system) {
  take_over();
  report = static_cast<Report*>(
      mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
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
