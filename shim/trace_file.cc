#include "shim/trace_file.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "core/base/placement.h"
#include "core/sys/sys.h"

namespace anysplice::shim::trace_file {
namespace {

ANYSPLICE_SELDOM char path[PATH_MAX];
std::atomic<int> number{-1};
dev_t device;
ino_t inode;

bool is_ours(int fd, struct stat* st) {
  return fd >= 0 && sys->fstat(fd, st) == 0 && st->st_dev == device && st->st_ino == inode;
}

// Out of the way of the numbers that programs count on and loop over, but not so high that the
// kernel's table of descriptors grows for it.
int move_up(int fd) {
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return fd;
  const rlim_t most = std::min<rlim_t>(limit.rlim_cur, 1024);
  const int high = sys->fcntl(fd, F_DUPFD_CLOEXEC, static_cast<long>(most - most / 16));
  if (high < 0) return fd;
  sys->close(fd);
  return high;
}

int open_file() {
  return sys->open(path, O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0);
}

// The number of our file, wherever it went; -1 if it cannot be had any more.
int find(struct stat* st) {
  const int now = number.load(std::memory_order_relaxed);
  if (is_ours(now, st)) return now;
  const int fresh = open_file();
  if (!is_ours(fresh, st)) {
    if (fresh >= 0) sys->close(fresh);
    return -1;
  }
  const int high = move_up(fresh);
  number.store(high, std::memory_order_relaxed);
  return high;
}

}  // namespace

bool open(const char* name) {
  const size_t length = strlen(name);
  if (length >= sizeof(path)) return false;
  memcpy(path, name, length + 1);
  const int fd = open_file();
  struct stat st;
  if (fd < 0) return false;
  if (sys->fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_uid != geteuid()) {
    sys->close(fd);
    return false;
  }
  device = st.st_dev;
  inode = st.st_ino;
  number.store(move_up(fd), std::memory_order_relaxed);
  return true;
}

bool write(const iovec* parts, int count) {
  struct stat st;
  const int fd = find(&st);
  if (fd < 0) return false;
  size_t size = 0;
  for (int i = 0; i < count; ++i) size += parts[i].iov_len;
  // Beyond it a write would raise SIGXFSZ.
  rlimit limit;
  if (getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY &&
      static_cast<rlim_t>(st.st_size) + size > limit.rlim_cur) {
    return false;
  }
  return sys->writev(fd, parts, count) == static_cast<ssize_t>(size);
}

}  // namespace anysplice::shim::trace_file
