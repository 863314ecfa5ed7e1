// Reading and writing a pipe without waiting, where the system has no call that does: it is asked
// first.
//
// What POSIX.1-2008 promises: a pipe that poll(2) calls readable, or writable, does not make a
// read, or a write, wait. It does not say how much is written without waiting; on every system
// whose manual or source we know it is PIPE_BUF bytes. Another reader, or writer, that comes
// between the question and the call can still make that wait. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_POSIX_ASK_FIRST_H_
#define ANYSPLICE_CORE_SYS_POSIX_ASK_FIRST_H_

#include <stddef.h>
#include <sys/types.h>
#include <sys/uio.h>

namespace anysplice::ask_first {

// Whether the pipe is ready for those events, or has news of another kind (its other end is gone):
// 0, -EAGAIN if not, or another -errno.
int ready(int fd, short events);

// As kernel_pipe's read_now() and write_now(). An empty pipe is known to take `if_empty` bytes.
ssize_t read(int fd, const iovec* iov, int count);
ssize_t write(int fd, const iovec* iov, int count, size_t if_empty);

}  // namespace anysplice::ask_first

#endif  // ANYSPLICE_CORE_SYS_POSIX_ASK_FIRST_H_
