// One run of the test command, watched: how it ended and what it wrote.
#ifndef ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_
#define ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/check.h"
#include "tools/decisions.h"
#include "tools/explore/failures.h"
#include "tools/run_options.h"

namespace anysplice::tools {

using Seconds = std::chrono::duration<double>;

struct Trial {
  bool timed_out = false;
  int wait_status = 0;
  std::vector<size_t> written;  // of stdout and of each file: a hash; equal if the content is
  std::string complaint;        // the last line on stderr
  Seconds took{0};
  bool reached = false;             // something was injected
  std::vector<std::string> reused;  // what the check of memory has found (--check=reuse), sorted
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
  RunOptions run;  // whose inject.spec comes before that of each trial
  std::vector<std::string> files;
  bool compare_stdout = true;
};

// Runs trials, one at a time. Signals that are to end this process end the trial first.
class Trials {
 public:
  static absl::StatusOr<std::unique_ptr<Trials>> create(const TrialOptions& options);

  // Without anything injected, and with every call noted in the journal.
  absl::StatusOr<Trial> clean(Seconds timeout);
  absl::StatusOr<Trial> with(const std::string& spec, Seconds timeout);

  const JournalFile& journal() const { return *journal_; }

 private:
  explicit Trials(const TrialOptions& options) : options_(options) {}
  absl::StatusOr<Trial> run(const std::string& spec, Seconds timeout);

  const TrialOptions options_;
  std::string program_;
  std::unique_ptr<JournalFile> journal_;
  std::unique_ptr<FindingsFile> findings_;  // null without the check
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_TRIAL_H_
