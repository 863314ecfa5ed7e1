// A pipe in the kernel, used without ever waiting, and waited for without ever taking.
//
// All functions return bytes or 0, or -errno; none touches the descriptor's O_NONBLOCK, which other
// processes share. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_KERNEL_PIPE_H_
#define ANYSPLICE_CORE_SYS_KERNEL_PIPE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

namespace anysplice::kernel_pipe {

// Unread bytes, or -errno.
ssize_t bytes(int fd);
// Capacity in pages (slots); that of a new pipe if the system cannot tell.
size_t slots(int fd);
// The same; 0 if fd is no pipe, or the system does not tell. One system call on Linux.
size_t slots_if_pipe(int fd);
// Makes a pipe that large at least. False if the system cannot, or refuses.
bool enlarge(int fd, size_t bytes);
// A descriptor of the end that a mode names (O_RDONLY, O_WRONLY), of a pipe of which another is at
// hand; -1 if the system has no way to get it. `packets`: each write by it is to be one (pipe(7)).
int open_end(int fd, int mode, bool packets);
// Whether it has one; if not, what this process has not got open is out of reach.
bool opens_ends();

// What a read would find, with no trace of the question: 0 for bytes, -EAGAIN if the pipe is empty,
// -ENODATA if it is empty and has no writer. (Of the last poll(2) says nothing if there was none
// since the descriptor was opened.) Or another -errno.
int readable(int fd);

// Slots that are free at the most, if the bytes in the pipe fill theirs; they cannot be counted
// from outside. At least 1: poll(2) tells whether the pipe is full.
uint32_t free_slots(int fd);

// Where the system cannot do either in one step it is asked first (posix/ask_first.h).
// Reads what is there: 0 at end of file, -EAGAIN if the pipe is empty and has writers.
ssize_t read_now(int fd, const iovec* iov, int count);
// Writes what fits: -EAGAIN if nothing does, -EPIPE (with SIGPIPE) without readers.
ssize_t write_now(int fd, const iovec* iov, int count);

// Wait in the kernel's own call until the pipe has bytes or no writer (room, or no reader): 0, or
// -EINTR, -EAGAIN for an O_NONBLOCK descriptor, -EPIPE (with SIGPIPE). A handler installed with
// SA_RESTART restarts the wait unless `restarts` is false; then it is poll's, which O_NONBLOCK does
// not concern either. Cancellation points. Room can also be waited for of a stream socket.
//
// A wait can be over and nothing there: others were faster, or the system did not wait. `vain` is
// how often that has happened to the caller.
int wait_readable(int fd, bool restarts, unsigned vain = 0);
int wait_writable(int fd, bool restarts, unsigned vain = 0);

}  // namespace anysplice::kernel_pipe

#endif  // ANYSPLICE_CORE_SYS_KERNEL_PIPE_H_
