// Running cases and comparing what they come to with what is expected.
#ifndef ANYSPLICE_TOOLS_CONFORM_RESULTS_H_
#define ANYSPLICE_TOOLS_CONFORM_RESULTS_H_

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "tools/conform/cases/pool.h"
#include "tools/conform/catalogue.h"
#include "tools/conform/expectations.h"

namespace conform {

enum class Verdict { kSame, kDifferent, kSkipped };

struct Result {
  const Item* item;
  Verdict verdict = Verdict::kSame;
  std::string reason;  // why it was skipped
  Difference difference = {};
  size_t steps = 0;
  bool listed = false;  // in the baseline

  bool is_new() const { return verdict == Verdict::kDifferent && !listed; }
  bool is_gone() const { return verdict == Verdict::kSame && listed; }
};

// Steps by kind of end and by call.
struct Tally {
  size_t steps = 0, different = 0;
};
using Tallies = std::map<std::string, std::map<std::string, Tally>>;

struct Results {
  std::string system, expected_system;
  std::vector<Result> all;
  Tallies tallies;
  std::set<std::string> not_run;  // ids of the baseline

  size_t count(Verdict verdict) const;
  size_t count_new() const;
};

struct Planned {
  const Item* item;
  std::string skipped;  // why, or nothing
};

// Runs what is planned, in that order; tells each result as soon as those before it are told.
Results run(const std::vector<Planned>& plan, const Expectations& expected,
            const std::set<std::string>& baseline, const oracle::Limits& limits,
            const std::function<void(const Result&)>& tell);

// Runs all of it twice, and again what came out differently; what does so each time, or cannot be
// done here, is not in the result but told.
Expectations record(const std::vector<Planned>& plan, const oracle::Limits& limits,
                    const std::function<void(const Item&, const std::string& why)>& tell);

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_RESULTS_H_
