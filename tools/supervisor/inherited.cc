#include "tools/supervisor/inherited.h"

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"

namespace anysplice::tools {
namespace {

// Our own are closed by an exec.
std::vector<int> passed_to_program() {
  std::vector<int> found;
  DIR* const numbers = opendir("/proc/self/fd");
  if (numbers == nullptr) return found;
  const absl::Cleanup shut = [numbers] { closedir(numbers); };
  while (const dirent* entry = readdir(numbers)) {
    int fd = -1;
    if (!absl::SimpleAtoi(entry->d_name, &fd)) continue;
    const int flags = fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.push_back(fd);
  }
  return found;
}

}  // namespace

void release_inherited() {
  const int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : passed_to_program()) {
    if (fd > STDERR_FILENO) {
      close(fd);
    } else if (fd != STDERR_FILENO && nothing >= 0) {
      dup2(nothing, fd);
    }
  }
  if (nothing > STDERR_FILENO) close(nothing);
}

}  // namespace anysplice::tools
