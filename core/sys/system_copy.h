// Copies between the engine's memory and the program's that the system makes: it answers EFAULT
// where a copy of our own would be the end of the program.
//
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_
#define ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace anysplice::system_copy {

// Whether eight bytes can be read, or so many, up to eight, written (and they are). The addresses
// are not null.
bool readable(const void* from);
bool writable(void* to, size_t size);

// From the pieces of one side to those of the other, in order, until one side has no more or an
// address is bad. Bytes, -EFAULT if the first address is bad, or -ENOSYS if the system refuses.
ssize_t from_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count);
ssize_t to_program(const iovec* ours, size_t our_count, const iovec* theirs, size_t their_count);

}  // namespace anysplice::system_copy

#endif  // ANYSPLICE_CORE_SYS_SYSTEM_COPY_H_
