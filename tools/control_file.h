// The rules of a program while it runs: the file that says them (core/inject/control.h).
#ifndef ANYSPLICE_TOOLS_CONTROL_FILE_H_
#define ANYSPLICE_TOOLS_CONTROL_FILE_H_

#include <sys/types.h>

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "core/inject/control.h"
#include "tools/shared_file.h"

namespace anysplice::tools {

// That of a program to come, removed with this object.
class ControlFile {
 public:
  // With the rules that are in force from the start.
  static absl::StatusOr<std::unique_ptr<ControlFile>> create(const std::string& spec);

  const std::string& path() const { return file_->path(); }

 private:
  explicit ControlFile(std::unique_ptr<SharedFile> file) : file_(std::move(file)) {}

  std::unique_ptr<SharedFile> file_;
};

// Whether rules can be switched on in a program that runs; says why not.
absl::Status check_control_spec(const std::string& spec);

// That of a running program, locked against other commands until this process ends.
class ControlOfProcess {
 public:
  static absl::StatusOr<ControlOfProcess> open(pid_t pid);

  // A specification, or nothing.
  std::string spec() const;
  void set_spec(const std::string& spec);

 private:
  explicit ControlOfProcess(inject::Control* control) : control_(control) {}

  inject::Control* control_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_CONTROL_FILE_H_
