// A temporary file that a program is to find by its name.
#ifndef ANYSPLICE_TOOLS_TEMPORARY_FILE_H_
#define ANYSPLICE_TOOLS_TEMPORARY_FILE_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

struct TemporaryFile {
  std::string path;  // absolute
  int fd;            // for reading and writing; close-on-exec
};

// In $TMPDIR, else /tmp; nobody else's to read. `what` becomes part of its name.
absl::StatusOr<TemporaryFile> make_temporary_file(absl::string_view what);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_TEMPORARY_FILE_H_
