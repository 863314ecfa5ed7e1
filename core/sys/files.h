// Files and devices, where systems differ. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_FILES_H_
#define ANYSPLICE_CORE_SYS_FILES_H_

#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace anysplice::files {

// The devices that swallow everything, and that are always full. No device's number if there is no
// such device.
dev_t null_device();
dev_t full_device();

// Whether a file is made up by the kernel as it is read, so that positions beyond 2 GiB mean
// nothing.
bool is_pseudo_file(int fd);

// Whether its reads may wait for bytes as a pipe's do, though it is a regular file.
bool reads_may_wait(int fd);

// Whether a position at or behind the end of a file lies beyond what its file system can have.
// False where the system does not tell without moving the position, which others may share.
bool beyond_limit(int fd, int64_t position);

// As writev(2), at a position.
ssize_t write_at(int fd, const iovec* iov, int count, int64_t position);

}  // namespace anysplice::files

#endif  // ANYSPLICE_CORE_SYS_FILES_H_
