#include "tools/trace_output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tools/launch.h"
#include "tools/status.h"
#include "tools/temporary_file.h"

namespace anysplice::tools {
namespace {

// How much of the temporary file may be there to no purpose.
constexpr int64_t kKept = 1 << 20;

}  // namespace

absl::StatusOr<std::unique_ptr<TraceOutput>> TraceOutput::open(const std::string& file) {
  std::unique_ptr<TraceOutput> output(new TraceOutput);
  const absl::StatusOr<int> given = open_output(file);
  if (!given.ok()) return given.status();
  struct stat st;
  if (!file.empty() && fstat(*given, &st) == 0 && S_ISREG(st.st_mode)) {
    close(*given);
    char resolved[PATH_MAX];
    if (realpath(file.c_str(), resolved) == nullptr) {
      return system_failure(absl::StrCat("cannot find '", file, "'"), errno);
    }
    output->path_ = resolved;
    return output;
  }
  output->output_ = *given;
  absl::StatusOr<TemporaryFile> temporary = make_temporary_file("trace");
  if (!temporary.ok()) return temporary.status();
  output->path_ = temporary->path;
  output->file_ = temporary->fd;
  return output;
}

TraceOutput::~TraceOutput() {
  if (file_ < 0) return;
  close(file_);
  unlink(path_.c_str());
}

bool TraceOutput::pass_on() {
  if (file_ < 0) return true;
  char lines[65536];
  const int64_t before = passed_;
  for (ssize_t n; (n = pread(file_, lines, sizeof(lines), passed_)) > 0; passed_ += n) {
    if (!write_all(output_, absl::string_view(lines, static_cast<size_t>(n)))) return false;
  }
  // A long trace must not fill the disk. Where there are no holes, it does.
  if (passed_ / kKept > before / kKept) {
    fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, passed_);
  }
  return true;
}

}  // namespace anysplice::tools
