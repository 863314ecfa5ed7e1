// The program's memory, touched so that a bad address gives EFAULT and not a crash.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_
#define ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/memory/ring.h"

namespace anysplice {

// An offset behind a pointer from the program, of either width: 0 or -EFAULT.
int load_offset(const int64_t* from, int64_t* value);
int load_offset(const int32_t* from, int64_t* value);
int store_offset(int64_t* to, int64_t value);
int store_offset(int32_t* to, int64_t value);

// Whether memory that the kernel would read for its own use (an array of iovecs, of pollfds, a
// message header) can be read: 0 or -EFAULT.
int check_readable(const void* memory, size_t size);

// The kernel's checks of an array of segments (readv(2)): 0, -EINVAL or -EFAULT, and their length,
// cut to what one call moves.
int check_segments(const iovec* iov, size_t count, size_t* total);

// Copies between the engine's memory and the program's. Returns the bytes copied before the first
// bad address, -EFAULT if that is none of them, or -ENOSYS if the system gives no safe way.
ssize_t copy_from_user(void* to, const void* from, size_t length);
ssize_t copy_to_user(void* to, const void* from, size_t length);

// Moves bytes from the front of the ring to the program's segments, whole slots or none of them
// (a pipe buffer that cannot be copied stays in the pipe). Bytes, -EFAULT, or -ENOSYS.
ssize_t copy_out(Ring& ring, const iovec* iov, size_t count);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_
