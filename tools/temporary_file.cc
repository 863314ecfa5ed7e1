#include "tools/temporary_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "absl/strings/str_cat.h"
#include "tools/status.h"

namespace anysplice::tools {

absl::StatusOr<TemporaryFile> make_temporary_file(absl::string_view what) {
  const char* folder = secure_getenv("TMPDIR");
  TemporaryFile file{absl::StrCat(folder != nullptr && *folder == '/' ? folder : "/tmp",
                                  "/anysplice-", what, "-XXXXXX"),
                     -1};
  file.fd = mkostemp(file.path.data(), O_CLOEXEC);
  if (file.fd < 0) return system_failure(absl::StrCat("cannot create ", file.path), errno);
  return file;
}

}  // namespace anysplice::tools
