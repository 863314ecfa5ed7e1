// The counters of a program and all its children, in a file they share with us.
#ifndef ANYSPLICE_TOOLS_STATS_FILE_H_
#define ANYSPLICE_TOOLS_STATS_FILE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "core/stats.h"

namespace anysplice::tools {

// A temporary file, mapped here, removed with this object. The counters stay readable until then,
// however the program ended.
class StatsFile {
 public:
  static absl::StatusOr<std::unique_ptr<StatsFile>> create();
  ~StatsFile();
  StatsFile(const StatsFile&) = delete;
  StatsFile& operator=(const StatsFile&) = delete;

  const std::string& path() const { return path_; }
  const Stats& stats() const { return *stats_; }

 private:
  StatsFile(std::string path, Stats* stats) : path_(std::move(path)), stats_(stats) {}

  std::string path_;
  Stats* stats_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_STATS_FILE_H_
