#include "tools/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

int exit_code(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return 0;
    case absl::StatusCode::kNotFound:
      return kExitNotFound;
    case absl::StatusCode::kPermissionDenied:
      return kExitCannotRun;
    default:
      return kExitOwnError;
  }
}

int report(const absl::Status& status) {
  if (!status.ok()) {
    // One write, so that the line stays whole when several processes share stderr.
    const std::string line = absl::StrCat("anysplice: ", status.message(), "\n");
    fwrite(line.data(), 1, line.size(), stderr);
  }
  return exit_code(status);
}

absl::Status system_failure(absl::string_view what, int error) {
  return absl::FailedPreconditionError(absl::StrCat(what, ": ", strerror(error)));
}

int print(absl::string_view text) {
  if (fwrite(text.data(), 1, text.size(), stdout) == text.size() && fflush(stdout) == 0) return 0;
  return report(system_failure("cannot write to standard output", errno));
}

}  // namespace anysplice::tools
