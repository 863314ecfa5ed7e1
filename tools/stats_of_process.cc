#include "tools/stats_of_process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

// A shared, writable mapping of a file from its beginning, as a line of /proc/PID/maps tells it.
struct SharedFile {
  unsigned long inode;
  std::string path;
};

bool parse(const std::string& line, SharedFile* file) {
  char permissions[5];
  unsigned long offset;
  int path_at = 0;
  if (sscanf(line.c_str(), "%*x-%*x %4s %lx %*x:%*x %lu %n", permissions, &offset, &file->inode,
             &path_at) != 3) {
    return false;
  }
  file->path = line.substr(static_cast<size_t>(path_at));
  return std::string(permissions) == "rw-s" && offset == 0 && file->path[0] == '/';
}

// Null if the file is no block of counters.
absl::StatusOr<const Stats*> map_if_stats(const SharedFile& file) {
  const int fd = open(file.path.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return nullptr;
  const absl::Cleanup shut = [fd] { close(fd); };
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino != file.inode ||
      st.st_size < static_cast<off_t>(sizeof(uint64_t))) {
    return nullptr;
  }
  uint64_t magic = 0;
  if (pread(fd, &magic, sizeof(magic), 0) != sizeof(magic)) return nullptr;
  if ((magic ^ Stats::kMagic) >> 8 != 0) return nullptr;
  if (magic != Stats::kMagic || st.st_size < static_cast<off_t>(sizeof(Stats))) {
    return absl::FailedPreconditionError(
        absl::StrCat("the counters in '", file.path, "' are those of another version"));
  }
  void* memory = mmap(nullptr, sizeof(Stats), PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return system_failure(absl::StrCat("cannot map ", file.path), errno);
  return static_cast<const Stats*>(memory);
}

}  // namespace

absl::StatusOr<const Stats*> stats_of_process(pid_t pid) {
  const std::string folder = absl::StrCat("/proc/", pid);
  if (access(folder.c_str(), F_OK) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("there is no process ", pid));
  }
  std::ifstream maps(folder + "/maps");
  if (!maps) return system_failure(absl::StrCat("cannot look at process ", pid), errno);
  SharedFile file;
  for (std::string line; std::getline(maps, line);) {
    if (!parse(line, &file)) continue;
    absl::StatusOr<const Stats*> stats = map_if_stats(file);
    if (!stats.ok() || *stats != nullptr) return stats;
  }
  return absl::FailedPreconditionError(
      absl::StrCat("process ", pid,
                   " does not run under anysplice with statistics, or is another user's; start it "
                   "with 'anysplice run --stats -- PROGRAM', or with 'anysplice top'"));
}

}  // namespace anysplice::tools
