// Processes that run the test side by side, one for each job.
#ifndef ANYSPLICE_TOOLS_EXPLORE_CREW_H_
#define ANYSPLICE_TOOLS_EXPLORE_CREW_H_

#include <signal.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {

// For a process with one thread. Signals that are to end it end the runs first.
class Crew {
 public:
  static absl::StatusOr<std::unique_ptr<Crew>> create(const TrialOptions& options, size_t jobs);
  // Ends what still runs.
  ~Crew();

  size_t jobs() const { return members_.size(); }
  std::optional<size_t> idle() const;
  // To a job that is idle.
  absl::Status start(size_t job, const Task& task);

  struct Done {
    size_t job;
    Trial trial;
  };
  // Waits for the end of a run; at least one must have been started.
  absl::StatusOr<Done> next();

  // Of the last run of a job.
  const JournalFile& journal(size_t job) const { return members_[job].trials->journal(); }
  // What it writes that is compared.
  const std::vector<std::string>& files(size_t job) const { return members_[job].trials->files(); }

 private:
  struct Member {
    std::unique_ptr<Trials> trials;
    pid_t process = -1;
    int socket = -1;
    bool busy = false;
    std::string received;
  };

  Crew() = default;
  absl::Status hire(Member* member);
  void dismiss();
  absl::StatusOr<std::optional<Done>> hear(size_t job);

  std::vector<Member> members_;
  sigset_t old_mask_;
  int signals_ = -1;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_CREW_H_
