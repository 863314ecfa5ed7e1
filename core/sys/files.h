// Files and devices, where systems differ. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_FILES_H_
#define ANYSPLICE_CORE_SYS_FILES_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace anysplice::files {

// The device numbers of /dev/null and of /dev/full. If there is no such device, a number that no
// device has.
dev_t null_device();
dev_t full_device();

// Whether the kernel makes up the contents of a file while it is read (/proc, /sys), so that
// positions beyond 2 GiB mean nothing.
bool is_pseudo_file(int fd);

// The path of what is open, as far as the system tells, with its final 0; false if it does not, or
// if there is not enough room. A name that has been removed is told too. Keeps errno.
bool path_of(int fd, char* path, size_t size);

// Whether a read by way of a mapping has no effect of its own. (In files that are memory it takes
// memory for a hole, and a seal of a memfd fails meanwhile; huge pages are mapped whole.)
bool mapping_only_reads(int fd);

// Whether its reads may wait for bytes as a pipe's do, though it is a regular file.
bool reads_may_wait(int fd);

// Whether a position at or behind the end of a file lies beyond what its file system can have.
// Where the system tells by a move of the position only, that is for others to see for a moment.
bool beyond_limit(int fd, int64_t position);

// As writev(2), at a position.
ssize_t write_at(int fd, const iovec* iov, int count, int64_t position);

}  // namespace anysplice::files

#endif  // ANYSPLICE_CORE_SYS_FILES_H_
