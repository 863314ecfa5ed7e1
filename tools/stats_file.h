// The counters of a program and all its children, in a file they share with us.
#ifndef ANYSPLICE_TOOLS_STATS_FILE_H_
#define ANYSPLICE_TOOLS_STATS_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/telemetry/counters.h"
#include "tools/shared_file.h"

namespace anysplice::tools {

// A temporary file, mapped here, removed with this object. The counters stay readable until then,
// however the program ended.
class StatsFile {
 public:
  static absl::StatusOr<std::unique_ptr<StatsFile>> create();

  const std::string& path() const { return file_->path(); }
  const Stats& stats() const { return *static_cast<const Stats*>(file_->memory()); }

 private:
  explicit StatsFile(std::unique_ptr<SharedFile> file) : file_(std::move(file)) {}

  std::unique_ptr<SharedFile> file_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_STATS_FILE_H_
