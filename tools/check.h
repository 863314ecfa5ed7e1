// `--check`: what a program does that works by luck, as told by the library (core/telemetry/
// findings.h).
#ifndef ANYSPLICE_TOOLS_CHECK_H_
#define ANYSPLICE_TOOLS_CHECK_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/telemetry/findings.h"
#include "tools/function_names.h"
#include "tools/shared_file.h"

namespace anysplice::tools {

struct CheckOptions {
  bool reuse = false;
  std::vector<std::string> allowed;  // functions, or OBJECT+OFFSET
  bool json = false;
  std::string file;  // empty: stderr
};

// "reuse", and after it, with commas, "allow=WHAT", "json" and "json=FILE".
absl::Status add_check(absl::string_view text, CheckOptions* options);
// The same again, for a shell.
std::string text_of(const CheckOptions& options);

// A finding, with the names that could be had.
struct ReuseFinding {
  struct Frame {
    std::string object;
    uint64_t offset;
    std::string function;
  };
  std::shared_ptr<const reuse::Finding> found;
  std::string program;
  std::vector<Frame> stack;
  bool allowed;
};

// What the processes of a run have found.
class FindingsFile {
 public:
  static absl::StatusOr<std::unique_ptr<FindingsFile>> create();

  // Empties it.
  void restart();
  const std::string& path() const { return file_->path(); }
  const reuse::Findings& findings() const {
    return *static_cast<const reuse::Findings*>(file_->memory());
  }
  // The first call that was found comes first.
  std::vector<ReuseFinding> list(const CheckOptions& options);

 private:
  explicit FindingsFile(std::unique_ptr<SharedFile> file) : file_(std::move(file)) {}

  std::unique_ptr<SharedFile> file_;
  FunctionNames names_;
};

// Those that are not allowed.
size_t count_not_allowed(const std::vector<ReuseFinding>& list);

// One line, the same in every run.
std::string summary_of(const ReuseFinding& finding);
std::string findings_as_text(const reuse::Findings& all, const std::vector<ReuseFinding>& list);
std::string findings_as_json(const reuse::Findings& all, const std::vector<ReuseFinding>& list);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_CHECK_H_
