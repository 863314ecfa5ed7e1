#include "tools/mapped_file.h"

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

// A shared mapping of a file from its beginning, as a line of /proc/PID/maps tells it.
struct Line {
  unsigned long inode;
  std::string path;
};

bool parse(const std::string& line, Line* file) {
  char permissions[5];
  unsigned long offset;
  int path_at = 0;
  if (sscanf(line.c_str(), "%*x-%*x %4s %lx %*x:%*x %lu %n", permissions, &offset, &file->inode,
             &path_at) != 3) {
    return false;
  }
  file->path = line.substr(static_cast<size_t>(path_at));
  return permissions[0] == 'r' && permissions[3] == 's' && offset == 0 && file->path[0] == '/';
}

// No memory if the file is none of that kind.
absl::StatusOr<MappedFile> map_if(const MappedKind& kind, const Line& file, bool writable) {
  const int fd =
      open(file.path.c_str(), (writable ? O_RDWR : O_RDONLY) | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return MappedFile{};
  absl::Cleanup shut = [fd] { close(fd); };
  struct stat st;
  if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_ino != file.inode ||
      (writable && st.st_uid != geteuid()) || st.st_size < static_cast<off_t>(sizeof(uint64_t))) {
    return MappedFile{};
  }
  uint64_t magic = 0;
  if (pread(fd, &magic, sizeof(magic), 0) != sizeof(magic)) return MappedFile{};
  if ((magic ^ kind.magic) >> 8 != 0) return MappedFile{};
  if (magic != kind.magic || st.st_size < static_cast<off_t>(kind.size)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the ", kind.what, " in '", file.path, "' are those of another version"));
  }
  void* memory =
      mmap(nullptr, kind.size, writable ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return system_failure(absl::StrCat("cannot map ", file.path), errno);
  std::move(shut).Cancel();
  return MappedFile{.memory = memory, .fd = fd};
}

}  // namespace

absl::StatusOr<MappedFile> mapped_by_process(pid_t pid, const MappedKind& kind, bool writable) {
  const std::string folder = absl::StrCat("/proc/", pid);
  struct stat owner;
  if (stat(folder.c_str(), &owner) != 0) {
    return absl::FailedPreconditionError(absl::StrCat("there is no process ", pid));
  }
  // What it shows there is its own choice, and a file can be cut while we read it.
  if (owner.st_uid != geteuid()) {
    return absl::FailedPreconditionError(absl::StrCat("process ", pid, " is that of user ",
                                                      owner.st_uid, ", and only that user's '",
                                                      "anysplice' looks at it"));
  }
  std::ifstream maps(folder + "/maps");
  if (!maps) return system_failure(absl::StrCat("cannot look at process ", pid), errno);
  Line file;
  for (std::string line; std::getline(maps, line);) {
    if (!parse(line, &file)) continue;
    absl::StatusOr<MappedFile> mapped = map_if(kind, file, writable);
    if (!mapped.ok() || mapped->memory != nullptr) return mapped;
  }
  return MappedFile{};
}

}  // namespace anysplice::tools
