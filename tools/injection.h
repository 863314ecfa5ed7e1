// `--inject`, `--as`, `--record` and `--replay`: from the command line to the program's
// environment, and what there is to do when it has ended.
#ifndef ANYSPLICE_TOOLS_INJECTION_H_
#define ANYSPLICE_TOOLS_INJECTION_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/decisions.h"

namespace anysplice::tools {

struct InjectOptions {
  std::string spec;         // checked; empty: none
  std::string record_file;  // empty: none
  std::string replay_file;
  bool control = false;  // may change while the program runs

  bool any() const { return !spec.empty() || control || journaled(); }
  bool journaled() const { return !record_file.empty() || !replay_file.empty(); }
};

// Adds a specification to the options; the error shows the place. `option` is where it is from.
absl::Status add_spec(absl::string_view option, absl::string_view text, InjectOptions* options);

// Whether there are rules for how pipes are made and sized, which nobody sees of a program that is
// supervised. What a system (as=) has of them beside other rules does not count.
bool shapes_pipes(const InjectOptions& options);

// The journal of a run that is recorded or replayed.
class JournaledRun {
 public:
  // Makes the files and sets the environment of the program to come.
  static absl::StatusOr<std::unique_ptr<JournaledRun>> prepare(const InjectOptions& options);
  ~JournaledRun();

  // Writes the recording; tells on stderr what a replay did not reach.
  absl::Status finish();

 private:
  JournaledRun() = default;

  std::unique_ptr<JournalFile> journal_;
  std::string spec_;
  std::string record_file_;
  int record_ = -1;
  Recording replayed_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_INJECTION_H_
