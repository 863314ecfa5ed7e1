#include "core/sys/shared_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice {

void* map_shared_file(const char* path, size_t size, Use use) {
  const KeepErrno keep;
  const bool writes = use == Use::kWrite;
  const int mode = writes ? O_RDWR : O_RDONLY;
  const int fd = sys->open(path, mode | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0);
  if (fd < 0) return nullptr;
  struct stat st;
  void* memory = MAP_FAILED;
  if (sys->fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() &&
      st.st_size >= static_cast<off_t>(size)) {
    memory =
        sys->mmap(nullptr, size, writes ? PROT_READ | PROT_WRITE : PROT_READ, MAP_SHARED, fd, 0);
  }
  sys->close(fd);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace anysplice
