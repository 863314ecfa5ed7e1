#include "core/sys/posix/object_memory.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "core/base/keep_errno.h"
#include "core/base/text.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

constexpr int kTries = 16;

// A new object, of which nobody else knows the name. -1 if there is none to be had.
int unnamed_object() {
  static std::atomic<unsigned> counter;
  for (int tries = 0; tries < kTries; ++tries) {
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    char name[64] = "/anysplice-";
    append_number(name, static_cast<size_t>(sys->getpid()));
    append_text(name, "-");
    append_number(name, static_cast<size_t>(now.tv_nsec) + counter.fetch_add(1));
    const int fd = shm_open(name, O_RDWR | O_CREAT | O_EXCL, S_IRUSR | S_IWUSR);
    if (fd < 0 && errno != EEXIST) return -1;
    if (fd < 0) continue;
    shm_unlink(name);
    return fd;
  }
  return -1;
}

}  // namespace

void* map_object(size_t size, Sharing sharing) {
  const KeepErrno keep;
  const int fd = unnamed_object();
  if (fd < 0) return nullptr;
  void* memory = MAP_FAILED;
  if (ftruncate(fd, static_cast<off_t>(size)) == 0) {
    memory = sys->mmap(nullptr, size, PROT_READ | PROT_WRITE,
                       sharing == Sharing::kPrivate ? MAP_PRIVATE : MAP_SHARED, fd, 0);
  }
  sys->close(fd);
  return memory == MAP_FAILED ? nullptr : memory;
}

}  // namespace anysplice
