#include "tools/stats_of_process.h"

#include "absl/strings/str_cat.h"
#include "tools/mapped_file.h"

namespace anysplice::tools {

absl::StatusOr<const Stats*> stats_of_process(pid_t pid) {
  const absl::StatusOr<MappedFile> file =
      mapped_by_process(pid, {"counters", Stats::kMagic, sizeof(Stats)}, false);
  if (!file.ok()) return file.status();
  if (file->memory != nullptr) return static_cast<const Stats*>(file->memory);
  return absl::FailedPreconditionError(
      absl::StrCat("process ", pid,
                   " does not run under anysplice with statistics; start it "
                   "with 'anysplice run --stats -- PROGRAM', or with 'anysplice top'"));
}

}  // namespace anysplice::tools
