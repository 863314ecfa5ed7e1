// Copies between the engine's memory and the program's, made by the system, which answers EFAULT at
// a bad address, where a copy of our own would crash the program.
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_
#define ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace anysplice::system_copy {

// Whether eight bytes can be read; whether `size` bytes, at most eight, can be written (which
// writes them). The addresses are not null.
bool readable(const void* from);
bool writable(void* to, size_t size);

// Copies the segments of one side to those of the other, in order, until either side ends or an
// address is bad. Returns bytes, -EFAULT if the first address is bad, or -ENOSYS if the system
// refuses.
ssize_t from_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count);
ssize_t to_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count);

}  // namespace anysplice::system_copy

#endif  // ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_
