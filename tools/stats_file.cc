#include "tools/stats_file.h"

#include <utility>

namespace anysplice::tools {

absl::StatusOr<std::unique_ptr<StatsFile>> StatsFile::create() {
  absl::StatusOr<std::unique_ptr<SharedFile>> file = SharedFile::create("stats", sizeof(Stats));
  if (!file.ok()) return file.status();
  // A file of zeros is a Stats with all counters at zero.
  static_cast<Stats*>((*file)->memory())->magic = Stats::kMagic;
  return std::unique_ptr<StatsFile>(new StatsFile(*std::move(file)));
}

}  // namespace anysplice::tools
