// One run of the test command, watched: how it ended and what it wrote.
#ifndef ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_
#define ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/check.h"
#include "tools/decisions.h"
#include "tools/explore/failures.h"
#include "tools/run_options.h"
#include "tools/temporary_file.h"

namespace anysplice::tools {

using Seconds = std::chrono::duration<double>;

struct Trial {
  bool timed_out = false;
  int wait_status = 0;
  size_t written = 0;     // to stdout and the files: a hash
  bool differs = false;   // from what the first run without failures has written
  std::string complaint;  // the last line on stderr
  Seconds took{0};
  bool reached = false;             // something was injected
  std::vector<std::string> reused;  // what the check of memory has found (--check=reuse), sorted
  std::vector<std::string> faults;  // what was injected, as a recording has it; at most kMaxFaults
  std::vector<std::string> calls;   // those around the first fault, if all calls were recorded
};
inline constexpr size_t kMaxFaults = 500;

// What is to be done in a run. Without anything injected it shows how the test ends by itself.
struct Task {
  std::string spec;     // comes after that of the options
  std::string replay;   // or decisions, a line each, which replace all rules
  bool record = false;  // every call, not only those to which something is done
  Seconds timeout{0};

  bool clean() const { return spec.empty() && replay.empty(); }
};

enum class Verdict {
  kSurvived,
  kNotReached,
  kWrongOutput,  // and said that all is well
  kWrongStatus,
  kKilled,
  kHung,
  kReused,  // memory, and else survived
};
inline constexpr size_t kVerdicts = 7;

// What a trial shows beside a clean one.
Verdict judge(const Trial& clean, const Trial& trial, Duty duty);

struct TrialOptions {
  RunOptions run;  // prepared (launch.h); its inject.spec comes before that of each task
  std::string program;
  std::vector<std::string> files;
  bool compare_stdout = true;
};

// Runs the test for one job, one run at a time. Signals that are to end this process end the run
// first. In the command and the files "{job}" stands for the number of the job.
//
// To be made by a process that forks one for each job, and used in that one; what the journal says
// is seen in both.
class Trials {
 public:
  static absl::StatusOr<std::unique_ptr<Trials>> create(const TrialOptions& options, size_t job);
  ~Trials();

  // The first run must be a clean one: the others are compared with it.
  absl::StatusOr<Trial> run(const Task& task);

  const JournalFile& journal() const { return *journal_; }
  const std::vector<std::string>& files() const { return options_.files; }

 private:
  Trials(const TrialOptions& options, size_t job);
  absl::Status set_environment(const Task& task);
  void tell_injected(const Task& task, Trial* trial) const;

  TrialOptions options_;
  std::vector<std::string> words_;  // of the command
  std::vector<char*> pointers_;
  std::unique_ptr<JournalFile> journal_;
  std::unique_ptr<FindingsFile> findings_;  // null without the check
  TemporaryFile replay_{"", -1};
  std::optional<size_t> clean_;  // what was written
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_
