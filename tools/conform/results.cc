#include "tools/conform/results.h"

#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <optional>

#include "tools/conform/machine.h"

namespace conform {
namespace {

using oracle::Job;

// So often a case may differ before it counts: a busy machine may be the reason.
constexpr int kTries = 3;
// Cases that are started together; their results are told together.
constexpr size_t kBatch = 200;

// In the process of a case. Whether a pipe may grow beyond the limit is asked as anybody, so that
// root's answers can be compared with others'.
const oracle::Calls& calls_of_system() {
  __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (syscall(SYS_capget, &header, sets) == 0) {
    const auto without = [&](__u32& set) { set &= ~(1u << CAP_SYS_RESOURCE); };
    without(sets[0].effective);
    without(sets[0].permitted);
    without(sets[0].inheritable);
    syscall(SYS_capset, &header, sets);
  }
  return anysplice::tools::kKernelCalls;
}

Job job_of(const Item& item) { return {&item.body.body, calls_of_system}; }

std::string reason_of(const oracle::Outcome& outcome) {
  const size_t mark = outcome.text.rfind("skipped: ");
  std::string reason =
      mark == std::string::npos ? "it cannot be done here" : outcome.text.substr(mark + 9);
  while (reason.ends_with('\n')) reason.pop_back();
  return reason;
}

void count(const Item& item, const Expected& expected, const std::vector<Step>& came,
           Tallies* tallies) {
  for (size_t i = 0; i < expected.size(); ++i) {
    const bool here = i < came.size();
    if (here && came[i].left_out()) continue;
    std::vector<std::string> kinds = here ? kinds_in(came[i].name) : std::vector<std::string>{};
    if (kinds.empty()) kinds = item.kinds;
    if (kinds.empty()) kinds.emplace_back("pipe");
    for (const std::string& kind : kinds) {
      Tally& tally = (*tallies)[kind][item.call];
      ++tally.steps;
      if (!here || !same(expected[i], came[i])) ++tally.different;
    }
  }
}

// Fills in what came of it; false if that is not as expected.
bool judge(const Job& job, const Expectations& expected, Result* result, Tallies* tallies) {
  const Item& item = *result->item;
  if (job.outcome.skipped) {
    result->verdict = Verdict::kSkipped;
    result->reason = reason_of(job.outcome);
    return true;
  }
  const Expected& right = expected.cases.at(item.id);
  const std::vector<Step> came = steps_of(item.body.name, job.outcome.text);
  result->difference = difference(right, came);
  result->steps = std::max(right.size(), came.size());
  result->verdict = result->difference.different > 0 ? Verdict::kDifferent : Verdict::kSame;
  if (tallies != nullptr) count(item, right, came, tallies);
  return result->verdict == Verdict::kSame;
}

void run_batch(Result* results, size_t n, const Expectations& expected,
               const oracle::Limits& limits, Tallies* tallies) {
  std::vector<Result*> open;
  for (Result* result = results; result != results + n; ++result) {
    if (result->verdict != Verdict::kSkipped) open.push_back(result);
  }
  oracle::Limits patient = limits;
  for (int left = kTries; left > 0 && !open.empty(); --left, patient.patience *= 4) {
    std::vector<Job> jobs;
    for (const Result* result : open) jobs.push_back(job_of(*result->item));
    oracle::run(jobs, patient);
    std::vector<Result*> again;
    for (size_t i = 0; i < open.size(); ++i) {
      Tallies own;
      const bool right = judge(jobs[i], expected, open[i], &own);
      if (!right && left > 1) {
        again.push_back(open[i]);
        continue;
      }
      for (const auto& [kind, calls] : own) {
        for (const auto& [call, tally] : calls) {
          (*tallies)[kind][call].steps += tally.steps;
          (*tallies)[kind][call].different += tally.different;
        }
      }
    }
    open = std::move(again);
  }
}

}  // namespace

size_t Results::count(Verdict verdict) const {
  return static_cast<size_t>(std::count_if(
      all.begin(), all.end(), [&](const Result& one) { return one.verdict == verdict; }));
}

size_t Results::count_new() const {
  return static_cast<size_t>(
      std::count_if(all.begin(), all.end(), [](const Result& one) { return one.is_new(); }));
}

Results run(const std::vector<Planned>& plan, const Expectations& expected,
            const std::set<std::string>& baseline, const oracle::Limits& limits,
            const std::function<void(const Result&)>& tell) {
  Results results;
  results.system = this_system();
  results.expected_system = expected.system;
  results.not_run = baseline;
  for (const Planned& planned : plan) {
    Result& result = results.all.emplace_back(Result{planned.item});
    result.reason = planned.skipped;
    if (result.reason.empty() && !expected.cases.contains(planned.item->id)) {
      result.reason = "no expectation for it was recorded on " + expected.system;
    }
    if (!result.reason.empty()) result.verdict = Verdict::kSkipped;
    result.listed = baseline.contains(planned.item->id);
    results.not_run.erase(planned.item->id);
  }
  for (size_t i = 0; i < results.all.size(); i += kBatch) {
    const size_t n = std::min(kBatch, results.all.size() - i);
    run_batch(&results.all[i], n, expected, limits, &results.tallies);
    for (size_t k = i; k < i + n; ++k) tell(results.all[k]);
  }
  return results;
}

namespace {

bool is_whole(const Item& item, const oracle::Outcome& outcome) {
  const std::vector<Step> steps = steps_of(item.body.name, outcome.text);
  return std::none_of(steps.begin(), steps.end(), [](const Step& one) { return one.left_out(); });
}

// What a case comes to, if it does so twice.
std::optional<Expected> twice(const Item& item, const Job* jobs) {
  std::optional<Expected> both;
  for (const Job* job = jobs; job != jobs + 2; ++job) {
    Expected one;
    for (Step& step : steps_of(item.body.name, job->outcome.text)) {
      one.push_back(std::move(step.lines));
    }
    if (both && *both != one) return std::nullopt;
    both = std::move(one);
  }
  return both;
}

}  // namespace

Expectations record(const std::vector<Planned>& plan, const oracle::Limits& limits,
                    const std::function<void(const Item&, const std::string& why)>& tell) {
  Expectations all = {this_system(), this_machine(), {}};
  std::vector<const Item*> open;
  for (const Planned& planned : plan) {
    if (planned.skipped.empty()) open.push_back(planned.item);
  }
  oracle::Limits patient = limits;
  for (int left = kTries; left > 0 && !open.empty(); --left, patient.patience *= 4) {
    std::vector<Job> jobs;
    for (const Item* item : open) jobs.insert(jobs.end(), 2, job_of(*item));
    oracle::run(jobs, patient);
    std::vector<const Item*> again;
    for (size_t i = 0; i < open.size(); ++i) {
      const Job* both = &jobs[2 * i];
      if (both->outcome.skipped) {
        tell(*open[i], reason_of(both->outcome));
      } else if (!is_whole(*open[i], both->outcome)) {
        tell(*open[i], "it has parts that are left out");
      } else if (auto expected = twice(*open[i], both)) {
        all.cases[open[i]->id] = *std::move(expected);
      } else if (left > 1) {
        again.push_back(open[i]);
      } else {
        tell(*open[i], "it differs from run to run");
      }
    }
    open = std::move(again);
  }
  return all;
}

}  // namespace conform
