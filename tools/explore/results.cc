#include "tools/explore/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "tools/explore/trial_text.h"
#include "tools/launch.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kTitle = "anysplice explore 1: ";

// Without the time that it may take.
std::string key_of(Task task) {
  task.timeout = Seconds(0);
  return as_line(task);
}

absl::Status unusable(const std::string& file, absl::string_view why) {
  return absl::InvalidArgumentError(
      absl::StrCat("--resume=", file, " ", why, "; remove it, or name another file"));
}

}  // namespace

Results::~Results() {
  if (fd_ >= 0) close(fd_);
}

absl::Status Results::open(const std::string& file, const std::string& test) {
  file_ = file;
  fd_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  std::stringstream all;
  const std::ifstream input(file);
  if (fd_ < 0 || !input) return system_failure(absl::StrCat("cannot open '", file, "'"), errno);
  all << input.rdbuf();
  const std::string text = all.str();
  const std::string title = absl::StrCat(kTitle, test, "\n");
  size_t good = 0;
  if (!text.empty()) {
    if (!absl::StartsWith(text, kTitle)) return unusable(file, "was not written by explore");
    if (!absl::StartsWith(text, title)) {
      return unusable(file, "is of another test, or the test has changed since");
    }
    // A task and its trial take a line each. The last ones may be incomplete.
    good = title.size();
    for (;;) {
      const size_t end = text.find('\n', good);
      const size_t end_of_trial = end == std::string::npos ? end : text.find('\n', end + 1);
      if (end_of_trial == std::string::npos) break;
      const std::string key = text.substr(good, end - good);
      const std::optional<Trial> trial = trial_of(text.substr(end + 1, end_of_trial - end - 1));
      if (!trial || !task_of(key)) return unusable(file, "was changed by somebody else");
      trials_[key] = *trial;
      good = end_of_trial + 1;
    }
    read_ = trials_.size();
  }
  if (ftruncate(fd_, static_cast<off_t>(good)) != 0 || lseek(fd_, 0, SEEK_END) < 0 ||
      (good == 0 && !write_all(fd_, title))) {
    return system_failure(absl::StrCat("cannot write '", file, "'"), errno);
  }
  return absl::OkStatus();
}

const Trial* Results::find(const Task& task) const {
  const auto found = trials_.find(key_of(task));
  return found == trials_.end() ? nullptr : &found->second;
}

absl::Status Results::add(const Task& task, const Trial& trial) {
  const std::string key = key_of(task);
  trials_[key] = trial;
  if (fd_ < 0 || write_all(fd_, absl::StrCat(key, "\n", as_line(trial), "\n"))) {
    return absl::OkStatus();
  }
  return system_failure(absl::StrCat("cannot write '", file_, "'"), errno);
}

}  // namespace anysplice::tools
