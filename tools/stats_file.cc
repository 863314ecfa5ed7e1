#include "tools/stats_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/status.h"

namespace anysplice::tools {
absl::StatusOr<std::unique_ptr<StatsFile>> StatsFile::create() {
  const char* folder = secure_getenv("TMPDIR");
  std::string path = absl::StrCat(folder != nullptr && *folder == '/' ? folder : "/tmp",
                                  "/anysplice-stats-XXXXXX");
  const int fd = mkostemp(path.data(), O_CLOEXEC);
  if (fd < 0) return system_failure(absl::StrCat("cannot create ", path), errno);
  absl::Cleanup shut = [fd] { close(fd); };
  void* memory = MAP_FAILED;
  if (ftruncate(fd, sizeof(Stats)) == 0) {
    memory = mmap(nullptr, sizeof(Stats), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  }
  if (memory == MAP_FAILED) {
    const int error = errno;
    unlink(path.c_str());
    return system_failure(absl::StrCat("cannot use ", path), error);
  }
  // A file of zeros is a Stats with all counters at zero.
  auto* stats = static_cast<Stats*>(memory);
  stats->magic = Stats::kMagic;
  return std::unique_ptr<StatsFile>(new StatsFile(std::move(path), stats));
}

StatsFile::~StatsFile() {
  munmap(stats_, sizeof(Stats));
  unlink(path_.c_str());
}

}  // namespace anysplice::tools
