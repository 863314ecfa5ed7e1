#include "core/sys/files.h"

#include <linux/magic.h>
#include <sys/sysmacros.h>

#include "core/sys/sys.h"

namespace anysplice::files {

// The kernel's list of devices: Documentation/admin-guide/devices.txt.
dev_t null_device() { return makedev(1, 3); }
dev_t full_device() { return makedev(1, 7); }

bool is_pseudo_file(int fd) {
  struct statfs fs;
  return sys->fstatfs(fd, &fs) == 0 && (fs.f_type == PROC_SUPER_MAGIC || fs.f_type == SYSFS_MAGIC);
}

ssize_t write_at(int fd, const iovec* iov, int count, int64_t position) {
  return sys->pwritev(fd, iov, count, position);
}

}  // namespace anysplice::files
