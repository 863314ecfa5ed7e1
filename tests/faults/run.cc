#include "run.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "errors.h"
#include "trial.h"

namespace faults {
namespace {

// The systems differ in which sites they reach, hardly in what follows from a failure there.
constexpr int kSystemsEach = 2;

}  // namespace

std::vector<std::string> Run::all_of(const Scenario& scenario, const System& system, Tried& tried) {
  std::vector<std::string> wrong;
  const auto note = [&](const std::string& fault, const std::string& what) {
    if (!what.empty()) wrong.push_back(fault + ": " + what);
  };
  note("no fault", try_out(scenario, system, {}));
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
      const std::string what = try_out(scenario, system, plan);
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

void Run::tell(FILE* to) const {
  fprintf(to, "%zu\n", faults_);
  for (const auto& [site, error] : pairs_) fprintf(to, "%s\t%s\n", site.c_str(), error.c_str());
  for (const auto& [address, name] : names_) fprintf(to, "%s\t\n", name.c_str());
}

void Run::listen(FILE* from) {
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

bool Run::summary() const {
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

std::vector<Plan> Run::plans_of(const Event& call, int times) const {
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

void Run::look_up(const std::vector<Event>& calls) {
  std::map<uintptr_t, std::string> unknown;
  for (const Event& call : calls) {
    if (names_.count(call.site) == 0) unknown[call.site] = name_of(call.function);
  }
  names_.merge(names_of(unknown, known_));
}

}  // namespace faults
