/* splice, tee, vmsplice and sendfile for systems that lack them, and the calls that must be told of
 * the pipes they are used on. anysplice(3) is the same as a manual page.
 *
 * Two ways of use, with this one header:
 *
 *   Interposing  Link with libanysplice. Call splice(), read(), poll(), close() by their own names:
 *                the library defines them, and sees all of them.
 *   Explicit     Link with libanysplice-api, which defines anysplice_ names only. Then, for a pipe
 *                that anysplice_splice(), anysplice_tee() or anysplice_vmsplice() is used on:
 *                  - read, write, poll, copy and close both its ends by the functions below;
 *                  - call anysplice_settle() before others may read it: before it goes into a FILE,
 *                    an epoll or kqueue set, a message, or asynchronous I/O;
 *                  - call anysplice_settle_all() before exec, posix_spawn, system, popen, vfork,
 *                    clone and _exit. (fork and exit need nothing.)
 *                Files, sockets and everything else may be used by any calls.
 *
 * The anysplice_ names are in both libraries. Where both are loaded, those of libanysplice serve
 * everybody.
 *
 * All functions can be called from any thread and, but for anysplice_set_mode(), from signal
 * handlers. They leave errno alone when they succeed.
 * C99 or C++98 with long long, and later.
 */
#ifndef ANYSPLICE_SPLICE_H_
#define ANYSPLICE_SPLICE_H_

#include <anysplice/system.h>
#include <poll.h>
#include <sys/select.h>
#include <sys/types.h>
#include <sys/uio.h>

/* The version of this header; anysplice_version() has that of the library. */
#define ANYSPLICE_VERSION_MAJOR 0
#define ANYSPLICE_VERSION_MINOR 1
#define ANYSPLICE_VERSION_PATCH 0

#ifdef __cplusplus
extern "C" {
#endif

/* --- The family ------------------------------------------------------------------------------ */

/* Moves up to `len` bytes from `fd_in` to `fd_out`; one of them, or both, must be a pipe.
 *
 * len      bytes, 0 to SSIZE_MAX; one call moves 0x7ffff000 (2 GiB less a page) at most
 * off_in   null: the file's own position is used, and advanced. Else bytes from the start of the
 *          file, 0 to INT64_MAX: read from there, and advance *off_in. Null for a pipe.
 * off_out  the same for fd_out
 * flags    SPLICE_F_NONBLOCK: do not wait for a pipe; SPLICE_F_MORE: more bytes for the socket
 *          fd_out follow; SPLICE_F_MOVE and SPLICE_F_GIFT: accepted, change nothing
 *
 * Returns the bytes moved, which may be fewer than len; 0 at the end of the input, or for len 0;
 * -1 with errno: EAGAIN would wait, and must not; EBADF not open, or not for this direction; EFAULT
 * an offset that cannot be read or written; EINTR a signal; EINVAL neither end a pipe, both the
 * same pipe, unknown flags, a file opened O_APPEND or that takes no offset, a kind of file that
 * cannot; ENOMEM; EPIPE nobody reads fd_out (with SIGPIPE); ESPIPE an offset for a pipe; and those
 * of read(2) and write(2). Source: splice(2). */
ssize_t anysplice_splice(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t len,
                         unsigned int flags);

/* Copies up to `len` bytes from the pipe `fd_in` into the pipe `fd_out`; they stay in fd_in.
 *
 * len and flags as for anysplice_splice(). Returns the bytes copied; 0 when fd_in is empty and has
 * no writers, or for len 0; -1 with errno: EAGAIN, EBADF, EINTR, EINVAL (no pipe, the same pipe,
 * unknown flags), ENOMEM, EPIPE, as there.
 * Source: tee(2). */
ssize_t anysplice_tee(int fd_in, int fd_out, size_t len, unsigned int flags);

/* Puts the memory of `iov` into a pipe, or, if `fd` is a pipe's read end, a pipe's bytes into it.
 * libanysplice-api copies the memory before the call returns, so that it can then be used again;
 * libanysplice refers to it where it can: do not change it while it is in the pipe.
 * anysplice_set_vmsplice() chooses.
 *
 * count    elements of iov, 0 to IOV_MAX; their lengths are bytes, SSIZE_MAX in all at most
 * flags    as for anysplice_splice(); SPLICE_F_GIFT wants page-aligned memory and changes nothing
 *
 * Returns the bytes moved; -1 with errno: EAGAIN, EINTR, ENOMEM, EPIPE as above; EBADF not open, or
 * no pipe; EFAULT memory that cannot be read or written, and nothing moved; EINVAL count out of
 * range, or unknown flags.
 * Source: vmsplice(2). */
ssize_t anysplice_vmsplice(int fd, const struct iovec* iov, size_t count, unsigned int flags);

/* Sends up to `count` bytes of the file `in_fd` to `out_fd`: a socket, a file or a pipe.
 * This is Linux's sendfile; the calls of that name in the BSDs and macOS have other parameters.
 *
 * count    bytes, 0 to SSIZE_MAX; one call moves 0x7ffff000 at most
 * offset   null: in_fd's own position is used, and advanced. Else bytes from the start of the file,
 *          0 to INT64_MAX: read from there, and advance *offset
 *
 * Returns the bytes sent, which may be fewer; 0 at the end of the file; -1 with errno: EAGAIN
 * out_fd does not wait (O_NONBLOCK) and is full; EBADF, EFAULT, EINTR, ENOMEM, EPIPE as above;
 * EINVAL in_fd cannot be read at positions, or out_fd was opened O_APPEND; ESPIPE an offset for
 * what has no positions; and those of read(2) and write(2).
 * Source: sendfile(2) of Linux. */
ssize_t anysplice_sendfile(int out_fd, int in_fd, int64_t* offset, size_t count);

/* --- Calls on pipes --------------------------------------------------------------------------- */
/* Each is what the function of that name is, with its parameters, results and errors, and knows of
 * the bytes that the library has of a pipe. They can be called with any descriptor. */

/* Makes a pipe, which the library may keep in memory for as long as only this process uses it.
 * Source: pipe(2). */
int anysplice_pipe(int fds[2]);
/* The same. flags: O_CLOEXEC and O_NONBLOCK, and others that the system's pipe2 takes. On a system
 * without pipe2 the flags are set right after the pipe is made, and others give EINVAL.
 * Source: pipe(2). */
int anysplice_pipe2(int fds[2], int flags);
/* Source: close(2). */
int anysplice_close(int fd);
/* Source: dup(2). */
int anysplice_dup(int fd);
/* Source: dup(2). */
int anysplice_dup2(int fd, int to);
/* Source: fcntl(2); with one more argument where the command has one. */
int anysplice_fcntl(int fd, int command, ...);
/* FIONREAD counts what the library has. Source: ioctl(2); with one argument, a pointer. */
int anysplice_ioctl(int fd, unsigned long request, ...);

/* Counts in bytes, 0 to SSIZE_MAX. Source: read(2). */
ssize_t anysplice_read(int fd, void* buffer, size_t count);
/* Source: readv(2). */
ssize_t anysplice_readv(int fd, const struct iovec* iov, int count);
/* Counts in bytes, 0 to SSIZE_MAX. Source: write(2). */
ssize_t anysplice_write(int fd, const void* buffer, size_t count);
/* Source: writev(2). */
ssize_t anysplice_writev(int fd, const struct iovec* iov, int count);

/* timeout_ms: milliseconds, -1 for ever. Source: poll(2). */
int anysplice_poll(struct pollfd* fds, nfds_t count, int timeout_ms);
/* Source: select(2). */
int anysplice_select(int nfds, fd_set* readable, fd_set* writable, fd_set* exceptional,
                     struct timeval* timeout);

/* --- Pipes in the hands of others ------------------------------------------------------------- */

/* Puts the bytes that the library has of the pipe behind `fd` back into the pipe, and keeps none of
 * it after a call from now on. Does nothing if fd is no pipe.
 * Returns 0; -1 with errno: EBADF fd is not open; ENOSPC bytes could not be put back, because the
 * pipe would have to be larger than the system lets it be, or because it was not made by
 * anysplice_pipe() and the system has no /proc, by which its other end can be had: they are still
 * the next that anysplice_read() gives. */
int anysplice_settle(int fd);

/* The same for all pipes. Bytes that could not be put back are told on stderr. */
void anysplice_settle_all(void);

/* --- The library ------------------------------------------------------------------------------ */

/* Sets who answers the family, in the words of ANYSPLICE_MODE (anysplice(7)): "auto" the kernel,
 * and the library where the kernel cannot; "emulate" the library; "native" the kernel; "absent" or
 * "absent=EPERM" nobody. For all threads; call it before the first transfer.
 * Returns 0, or -1 with errno EINVAL for another word. Without it the environment decides, and
 * without that it is auto. */
int anysplice_set_mode(const char* mode);

/* Sets what anysplice_vmsplice() does, in the words of ANYSPLICE_VMSPLICE (anysplice(7)): "copy" or
 * "reference". Without it the environment decides, and without that it is copy with
 * libanysplice-api, which does not see when memory is taken away, and reference with libanysplice.
 * With libanysplice-api "reference" holds for the data of the program and the libraries it was
 * started with, the first thread's stack, and the heap below the break; the program then must not
 * unmap or replace any of that while it is in a pipe.
 * Returns 0, or -1 with errno EINVAL for another word. */
int anysplice_set_vmsplice(const char* how);

/* Promises that the program's signal handlers are plain: none makes calls on pipes, none leaves by
 * longjmp() or for another stack, and no thread is cancelled asynchronously. libanysplice-api,
 * which does not see the handlers, then need not block signals: two system calls less in each call
 * that moves bytes. For all threads and for good; changes nothing in libanysplice. */
void anysplice_plain_handlers(void);

/* Whether the calls of this process go through the library by their own names: 1 if libanysplice is
 * linked or was preloaded, 0 if not. */
int anysplice_interposes(void);

/* The version of the library, "0.1.0". Versions with the same first number, and while that is 0
 * the same second one, can take each other's place. */
const char* anysplice_version(void);

/* --- By their own names ----------------------------------------------------------------------- */
/* Where <fcntl.h> does not declare them. libanysplice defines them, libanysplice-api does not. */
#ifdef ANYSPLICE_DECLARE_FAMILY
ssize_t splice(int fd_in, loff_t* off_in, int fd_out, loff_t* off_out, size_t len,
               unsigned int flags);
ssize_t tee(int fd_in, int fd_out, size_t len, unsigned int flags);
ssize_t vmsplice(int fd, const struct iovec* iov, size_t count, unsigned int flags);
#endif

#ifdef __cplusplus
}
#endif

#endif /* ANYSPLICE_SPLICE_H_ */
