// Access to the program's memory, in which a bad address gives EFAULT and no crash.
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_
#define ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/memory/ring.h"

namespace anysplice {

// Read and write an offset through a pointer from the program, of either width: 0 or -EFAULT.
int load_offset(const int64_t* from, int64_t* value);
int load_offset(const int32_t* from, int64_t* value);
int store_offset(int64_t* to, int64_t value);
int store_offset(int32_t* to, int64_t value);

// Whether memory that the kernel itself would read (an array of iovecs or pollfds, a message
// header) is readable: 0 or -EFAULT.
int check_readable(const void* memory, size_t size);

// Takes in what the kernel would: 0 or -EFAULT.
int load_from_user(void* to, const void* from, size_t size);

// The kernel's checks of an array of segments (readv(2)), of which this is the engine's copy: 0,
// -EINVAL or -EFAULT. *total is their length, limited to what one call moves.
int check_segments(const iovec* iov, size_t count, size_t* total);

// Copies between the engine's memory and the program's. Returns the number of bytes copied before
// the first bad address, -EFAULT if there are none, or -ENOSYS if the system offers no safe way.
ssize_t copy_from_user(void* to, const void* from, size_t length);
ssize_t copy_to_user(void* to, const void* from, size_t length);

// Moves bytes from the front of the ring to the program's segments. A slot that cannot be copied
// completely stays in the ring, as a pipe buffer stays in the pipe. Bytes, -EFAULT, or -ENOSYS.
ssize_t copy_out(Ring& ring, const iovec* iov, size_t count);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_USER_MEMORY_H_
