// What the runs of an exploration have shown, by what was to be done in them; if there is a file,
// also those of an earlier exploration that was interrupted.
#ifndef ANYSPLICE_TOOLS_EXPLORE_RESULTS_H_
#define ANYSPLICE_TOOLS_EXPLORE_RESULTS_H_

#include <map>
#include <string>

#include "absl/status/status.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {

class Results {
 public:
  Results() = default;
  ~Results();
  Results(const Results&) = delete;
  Results& operator=(const Results&) = delete;

  // Reads the file, if it is there, and adds to it from now on. `test` says what is explored: the
  // results of another test are no use.
  absl::Status open(const std::string& file, const std::string& test);

  // Null if there was no such run.
  const Trial* find(const Task& task) const;
  absl::Status add(const Task& task, const Trial& trial);
  size_t read() const { return read_; }

 private:
  std::map<std::string, Trial> trials_;
  std::string file_;
  int fd_ = -1;
  size_t read_ = 0;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_RESULTS_H_
