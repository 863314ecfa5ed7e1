#include "core/sys/files.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>

#include <atomic>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice::files {
namespace {

// No device has this number.
constexpr dev_t kNone = static_cast<dev_t>(-1);

// Asked for once, when a device is met.
dev_t device_of(const char* path, std::atomic<uint64_t>& known) {
  uint64_t now = known.load(std::memory_order_relaxed);
  if (now != 0) return static_cast<dev_t>(now - 1);
  const KeepErrno keep;
  struct stat st;
  const bool there = sys->stat(path, &st) == 0 && S_ISCHR(st.st_mode);
  const dev_t device = there ? st.st_rdev : kNone;
  known.store(static_cast<uint64_t>(device) + 1, std::memory_order_relaxed);
  return device;
}

}  // namespace

dev_t null_device() {
  static std::atomic<uint64_t> known;
  return device_of("/dev/null", known);
}

dev_t full_device() {
  static std::atomic<uint64_t> known;
  return device_of("/dev/full", known);
}

bool is_pseudo_file(int) { return false; }

#ifdef F_GETPATH
bool path_of(int fd, char* path, size_t size) {
  const KeepErrno keep;
  char whole[PATH_MAX] = "";
  if (sys->fcntl(fd, F_GETPATH, reinterpret_cast<long>(whole)) != 0 || strlen(whole) >= size) {
    return false;
  }
  memcpy(path, whole, strlen(whole) + 1);
  return true;
}
#else
// POSIX has no such question.
bool path_of(int, char*, size_t) { return false; }
#endif

// Nobody tells.
bool mapping_only_reads(int) { return false; }

bool reads_may_wait(int) { return false; }

// POSIX tells by a move only, which a position that lies behind the end seldom asks for.
bool beyond_limit(int fd, int64_t position) {
  const off_t kept = sys->lseek(fd, 0, SEEK_CUR);
  if (kept < 0) return false;
  if (sys->lseek(fd, position, SEEK_SET) < 0) return true;
  sys->lseek(fd, kept, SEEK_SET);
  return false;
}

// POSIX has pwrite(2) only.
ssize_t write_at(int fd, const iovec* iov, int count, int64_t position) {
  ssize_t done = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t n = sys->pwrite(fd, iov[i].iov_base, iov[i].iov_len, position + done);
    if (n < 0) return done > 0 ? done : n;
    done += n;
    if (static_cast<size_t>(n) < iov[i].iov_len) break;
  }
  return done;
}

}  // namespace anysplice::files
