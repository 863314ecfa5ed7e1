#include "tools/shared_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tools/status.h"
#include "tools/temporary_file.h"

namespace anysplice::tools {

absl::StatusOr<std::unique_ptr<SharedFile>> SharedFile::create(absl::string_view what,
                                                               size_t size) {
  absl::StatusOr<TemporaryFile> file = make_temporary_file(what);
  if (!file.ok()) return file.status();
  std::string& path = file->path;
  const int fd = file->fd;
  absl::Cleanup shut = [fd] { close(fd); };
  void* memory = MAP_FAILED;
  // Blocks for all of it: a full disk must fail here, and not as a SIGBUS in the program.
  const int error = posix_fallocate(fd, 0, static_cast<off_t>(size));
  if (error == 0) memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) {
    const int reason = error != 0 ? error : errno;
    unlink(path.c_str());
    return system_failure(absl::StrCat("cannot use ", path), reason);
  }
  return std::unique_ptr<SharedFile>(new SharedFile(std::move(path), memory, size));
}

SharedFile::~SharedFile() {
  munmap(memory_, size_);
  unlink(path_.c_str());
}

}  // namespace anysplice::tools
