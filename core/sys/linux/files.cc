#include "core/sys/files.h"

#include <linux/fiemap.h>
#include <linux/fs.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/sysmacros.h>

#include <algorithm>

#include "core/base/keep_errno.h"
#include "core/base/text.h"
#include "core/sys/sys.h"

namespace anysplice::files {

// The kernel's list of devices: Documentation/admin-guide/devices.txt.
dev_t null_device() { return makedev(1, 3); }
dev_t full_device() { return makedev(1, 7); }

bool is_pseudo_file(int fd) {
  struct statfs fs;
  return sys->fstatfs(fd, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

bool path_of(int fd, char* path, size_t size) {
  const KeepErrno keep;
  char link[40] = "/proc/self/fd/";
  append_number(link, static_cast<size_t>(fd));
  const ssize_t length = fd < 0 ? -1 : sys->readlink(link, path, size);
  if (length < 0 || static_cast<size_t>(length) >= size) return false;
  path[length] = '\0';
  // What the system adds, unless it is a part of the name.
  constexpr char kGone[] = " (deleted)";
  const auto whole = static_cast<size_t>(length);
  const size_t rest = whole - std::min(whole, sizeof(kGone) - 1);
  struct stat st;
  if (strcmp(path + rest, kGone) == 0 && sys->fstat(fd, &st) == 0 && st.st_nlink == 0) {
    path[rest] = '\0';
  }
  return true;
}

bool mapping_only_reads(int fd) {
  struct statfs fs;
  if (sys->fstatfs(fd, &fs) != 0) return false;
  const auto type = static_cast<uint32_t>(fs.f_type);
  return type != TMPFS_MAGIC && type != HUGETLBFS_MAGIC && type != RAMFS_MAGIC;
}

// Those of file systems whose files are made up: /proc/kmsg, trace_pipe of tracefs, many of
// debugfs.
bool reads_may_wait(int fd) {
  const KeepErrno keep;
  struct statfs fs;
  if (sys->fstatfs(fd, &fs) != 0) return false;
  return fs.f_type == PROC_SUPER_MAGIC || fs.f_type == TRACEFS_MAGIC || fs.f_type == DEBUGFS_MAGIC;
}

// A question about the place of a file's blocks fails there. File systems that do not answer it
// have hardly any limit (tmpfs, network file systems).
bool beyond_limit(int fd, int64_t position) {
  const KeepErrno keep;
  fiemap question{};
  question.fm_start = static_cast<uint64_t>(position);
  question.fm_length = 1;
  return sys->ioctl(fd, FS_IOC_FIEMAP, &question) < 0 && (errno == EFBIG || errno == EINVAL);
}

ssize_t write_at(int fd, const iovec* iov, int count, int64_t position) {
  return sys->pwritev(fd, iov, count, position);
}

}  // namespace anysplice::files
