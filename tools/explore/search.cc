#include "tools/explore/search.h"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/explore/crew.h"
#include "tools/explore/results.h"
#include "tools/explore/shrink.h"

namespace anysplice::tools {
namespace {

using Clock = std::chrono::steady_clock;

// Runs that may be spent on one finding, which is to have fewer faults.
constexpr size_t kShrinkRuns = 40;
constexpr size_t kShrinkHangs = 12;  // each takes its time

bool is_wrong(Verdict verdict) {
  return verdict != Verdict::kSurvived && verdict != Verdict::kNotReached;
}

class Search {
 public:
  Search(const SearchOptions& options, Exploration* exploration)
      : options_(options),
        exploration_(*exploration),
        max_runs_(options.max_runs.value_or(options.budget ? SIZE_MAX : 200)),
        start_(Clock::now()) {}

  absl::Status run();

 private:
  // Runs without failures, to see what the test does and that it does it again.
  absl::Status look();
  absl::StatusOr<Trial> clean(size_t job);
  absl::Status check_clean(const Trial& trial) const;
  absl::Status check_written(size_t job) const;
  absl::Status find_failures();

  absl::Status try_failure(const Failure& failure);
  // A known result, or that of a run that is made now. Other jobs go ahead meanwhile.
  absl::StatusOr<Trial> need(const Task& task);
  bool in_work(const Task& task) const;
  absl::Status give(size_t job, const Task& task);
  absl::Status go_ahead();
  Verdict judged(const Trial& trial, const Failure& failure) const {
    return judge(exploration_.clean, trial, failure.duty);
  }
  absl::Status shrink(Finding* finding);

  bool over() const {
    return exploration_.runs >= max_runs_ ||
           (options_.budget && Clock::now() - start_ >= *options_.budget);
  }
  // The same, if something is left for findings that are to have fewer faults.
  bool over_for_trying() const;
  bool can_shrink(const Finding& finding) const;
  Task task_of(const Failure& failure) const { return {failure.spec, "", false, timeout_}; }
  void show_progress() const;

  const SearchOptions& options_;
  Exploration& exploration_;
  const size_t max_runs_;
  const Clock::time_point start_;
  std::unique_ptr<Crew> crew_;
  std::map<size_t, Task> work_;  // by job
  Results results_;
  std::vector<Failure> failures_;
  size_t position_ = 0;  // in the failures
  Seconds timeout_{0};
};

absl::Status Search::check_clean(const Trial& trial) const {
  if (trial.timed_out) {
    return absl::FailedPreconditionError(
        "the test takes longer than --timeout even without any failure");
  }
  if (WIFEXITED(trial.wait_status) && WEXITSTATUS(trial.wait_status) == 0) return absl::OkStatus();
  const std::string said =
      trial.complaint.empty() ? "" : absl::StrCat("; it said: ", trial.complaint);
  return absl::FailedPreconditionError(
      absl::StrCat("the test fails without any failure (", end_of(trial), ")", said,
                   options_.trial.run.mode ? "" : "; try it under 'anysplice run'"));
}

// A file that is never there is always the same.
absl::Status Search::check_written(size_t job) const {
  for (const std::string& file : crew_->files(job)) {
    if (access(file.c_str(), F_OK) == 0) continue;
    return absl::FailedPreconditionError(
        absl::StrCat("--output=", file, ": the test does not write this file"));
  }
  return absl::OkStatus();
}

absl::StatusOr<Trial> Search::clean(size_t job) {
  const Task task{"", "", true, options_.timeout.value_or(Seconds(600))};
  if (absl::Status status = crew_->start(job, task); !status.ok()) return status;
  const absl::StatusOr<Crew::Done> done = crew_->next();
  if (!done.ok()) return done.status();
  if (absl::Status status = check_clean(done->trial); !status.ok()) return status;
  if (absl::Status status = check_written(job); !status.ok()) return status;
  return done->trial;
}

absl::Status Search::look() {
  const absl::StatusOr<Trial> first = clean(0);
  if (!first.ok()) return first.status();
  const absl::StatusOr<Trial> again = clean(0);
  if (!again.ok()) return again.status();
  if (again->differs) {
    return absl::FailedPreconditionError(
        "the output differs from run to run without any failure; compare only what stays the same "
        "(--status-only, --output)");
  }
  exploration_.clean = *again;
  exploration_.runs = 2;
  if (absl::Status status = find_failures(); !status.ok()) return status;
  for (size_t job = 1; job < crew_->jobs(); ++job) {
    const absl::StatusOr<Trial> other = clean(job);
    if (!other.ok()) return other.status();
  }
  return absl::OkStatus();
}

absl::Status Search::find_failures() {
  std::vector<const inject::Entry*> entries = crew_->journal(0).entries();
  if (!options_.processes.empty()) keep_calls_of(options_.processes, &entries);
  if (entries.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the test makes no call of splice, tee, vmsplice, sendfile or copy_file_range that can be ",
        options_.processes.empty()
            ? "reached; those of a static program are only if it is the command itself ('run "
              "--supervise' carries others out, but lets none fail); see LIMITS in anysplice(7)"
            : "reached in such a process"));
  }
  std::set<std::string> processes;
  for (const inject::Entry* entry : entries) processes.insert(entry->site.process);
  exploration_.calls = entries.size();
  exploration_.processes = processes.size();
  failures_ = legal_failures(entries);
  return absl::OkStatus();
}

bool Search::in_work(const Task& task) const {
  return std::any_of(work_.begin(), work_.end(), [&](const auto& one) {
    const Task& other = one.second;
    return other.spec == task.spec && other.replay == task.replay && other.record == task.record;
  });
}

absl::Status Search::give(size_t job, const Task& task) {
  work_[job] = task;
  return crew_->start(job, task);
}

// What will be needed next, as far as can be told.
absl::Status Search::go_ahead() {
  for (size_t at = position_ + 1; at < failures_.size(); ++at) {
    const std::optional<size_t> job = crew_->idle();
    const size_t ahead = at - position_;
    if (!job || ahead > 2 * crew_->jobs() || exploration_.runs + ahead > max_runs_) break;
    const Task task = task_of(failures_[at]);
    if (exploration_.hangs_at(failures_[at]) || results_.find(task) != nullptr || in_work(task)) {
      continue;
    }
    if (absl::Status status = give(*job, task); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<Trial> Search::need(const Task& task) {
  ++exploration_.runs;
  for (;;) {
    if (const Trial* known = results_.find(task); known != nullptr) return *known;
    if (const std::optional<size_t> job = crew_->idle(); job && !in_work(task)) {
      if (absl::Status status = give(*job, task); !status.ok()) return status;
    }
    if (absl::Status status = go_ahead(); !status.ok()) return status;
    const absl::StatusOr<Crew::Done> done = crew_->next();
    if (!done.ok()) return done.status();
    const absl::Status kept = results_.add(work_[done->job], done->trial);
    if (!kept.ok()) return kept;
    work_.erase(done->job);
  }
}

bool Search::can_shrink(const Finding& finding) const {
  // The faults of the options are not ours to leave out.
  return finding.failure.several && finding.steady && options_.trial.run.inject.spec.empty() &&
         finding.trial.faults.size() > 1 && finding.trial.faults.size() < kMaxFaults;
}

bool Search::over_for_trying() const {
  const bool some = std::any_of(exploration_.findings.begin(), exploration_.findings.end(),
                                [this](const Finding& finding) { return can_shrink(finding); });
  if (!some) return over();
  return exploration_.runs >= max_runs_ - max_runs_ / 5 ||
         (options_.budget && Clock::now() - start_ >= *options_.budget * 0.8);
}

absl::Status Search::shrink(Finding* finding) {
  if (!can_shrink(*finding)) return absl::OkStatus();
  size_t left = finding->verdict == Verdict::kHung ? kShrinkHangs : kShrinkRuns;
  const auto happens = [&](const std::vector<std::string>& faults) -> absl::StatusOr<bool> {
    if (left-- == 0 || over()) return absl::ResourceExhaustedError("enough");
    const absl::StatusOr<Trial> trial =
        need({"", absl::StrCat(absl::StrJoin(faults, "\n"), "\n"), false, timeout_});
    if (!trial.ok()) return trial.status();
    return judged(*trial, finding->failure) == finding->verdict;
  };
  const absl::StatusOr<std::vector<std::string>> fewest =
      fewest_faults(finding->trial.faults, happens);
  if (!fewest.ok()) return fewest.status();
  const std::string spec = spec_of_faults(*fewest);
  if (fewest->size() == finding->trial.faults.size() || spec.empty() || over()) {
    return absl::OkStatus();
  }
  const absl::StatusOr<Trial> trial = need({spec, "", true, timeout_});
  if (!trial.ok()) return trial.status();
  if (judged(*trial, finding->failure) != finding->verdict) return absl::OkStatus();
  finding->fewest = *fewest;
  finding->fewest_spec = spec;
  finding->trial.calls = trial->calls;
  return absl::OkStatus();
}

absl::Status Search::try_failure(const Failure& failure) {
  absl::StatusOr<Trial> trial = need(task_of(failure));
  if (!trial.ok()) return trial.status();
  const Verdict verdict = judged(*trial, failure);
  if (!is_wrong(verdict) || exploration_.knows(failure, *trial, verdict)) {
    exploration_.add(failure, *trial, verdict, true);
    return absl::OkStatus();
  }
  // Only the first of a kind is made sure of: the others confirm each other.
  bool steady = true;
  if (!over()) {
    const absl::StatusOr<Trial> again = need({failure.spec, "", true, timeout_});
    if (!again.ok()) return again.status();
    steady = judged(*again, failure) == verdict;
    trial->calls = again->calls;
  }
  exploration_.add(failure, *trial, verdict, steady);
  return absl::OkStatus();
}

void Search::show_progress() const {
  if (isatty(STDERR_FILENO) != 1) return;
  absl::FPrintF(stderr, "\r%d of %d failures tried, %d not survived ", exploration_.tried,
                failures_.size(), exploration_.findings.size());
}

absl::Status Search::run() {
  absl::StatusOr<std::unique_ptr<Crew>> crew = Crew::create(options_.trial, options_.jobs);
  if (!crew.ok()) return crew.status();
  crew_ = *std::move(crew);
  if (absl::Status status = look(); !status.ok()) return status;
  exploration_.add_clean();
  timeout_ = options_.timeout.value_or(std::max(Seconds(5), exploration_.clean.took * 10));
  if (!options_.resume.empty()) {
    std::string test = absl::StrCat(exploration_.prefix, " -- ", exploration_.command, " # ",
                                    exploration_.clean.written);
    for (const Failure& failure : failures_) absl::StrAppend(&test, " ", failure.spec);
    const absl::Status opened = results_.open(options_.resume, test);
    if (!opened.ok()) return opened;
    exploration_.resumed = results_.read();
  }
  for (; position_ < failures_.size() && !over_for_trying(); ++position_) {
    // Each of these takes its time, and one tells enough.
    if (exploration_.hangs_at(failures_[position_])) continue;
    const absl::Status tried = try_failure(failures_[position_]);
    if (!tried.ok()) return tried;
    show_progress();
  }
  exploration_.not_tried = failures_.size() - exploration_.tried;
  for (Finding& finding : exploration_.findings) {
    const absl::Status shrunk = shrink(&finding);
    if (!shrunk.ok()) return shrunk;
  }
  if (isatty(STDERR_FILENO) == 1) absl::FPrintF(stderr, "\n");
  return absl::OkStatus();
}

}  // namespace

absl::Status explore(const SearchOptions& options, Exploration* exploration) {
  return Search(options, exploration).run();
}

}  // namespace anysplice::tools
