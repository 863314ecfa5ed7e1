#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/commands.h"
#include "tools/commit.h"
#include "tools/status.h"

namespace anysplice::tools {

int print_version() {
  constexpr absl::string_view kCommit = ANYSPLICE_COMMIT;
  return print(absl::StrCat("anysplice " ANYSPLICE_VERSION,
                            kCommit.empty() ? "" : absl::StrCat(" (", kCommit, ")"), "\n"));
}

}  // namespace anysplice::tools
