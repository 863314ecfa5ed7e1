// The engine's face: every call a program can make on a pipe that anysplice may be carrying, with
// the signature, return value and errno of the libc function of the same name.
//
// The shim forwards interposed libc calls here; a program that links the engine calls it directly.
// All functions are safe to call from any thread and from signal handlers, keep errno on success,
// and are cancellation points where the libc function is one: on entry to the family, and while
// they wait.
#ifndef ANYSPLICE_CORE_CALLS_ENGINE_H_
#define ANYSPLICE_CORE_CALLS_ENGINE_H_

#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "core/policy/mode.h"
#include "core/sys/host.h"
#include "core/telemetry/settle_reason.h"

namespace anysplice {

// --- the family: splice(2), tee(2), vmsplice(2), sendfile(2), copy_file_range(2) -----------------
// Lengths are bytes, 0 .. SIZE_MAX (the kernel moves at most 0x7ffff000 a call); flags as in
// core/sys/splice_flags.h (SPLICE_F_*).
// They answer according to mode(): by the kernel, by the engine, or not at all.

ssize_t splice(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t len,
               unsigned flags);
ssize_t tee(int fd_in, int fd_out, size_t len, unsigned flags);
ssize_t vmsplice(int fd, const iovec* iov, size_t count, unsigned flags);
ssize_t sendfile(int out_fd, int in_fd, int64_t* offset, size_t count);
ssize_t copy_file_range(int fd_in, int64_t* off_in, int fd_out, int64_t* off_out, size_t len,
                        unsigned flags);

// --- descriptors: made, copied, ended ------------------------------------------------------------

int pipe(int fds[2]);
int dup(int fd);
int dup2(int fd, int to);
int close(int fd);
// arg is the third argument as passed, an int or a pointer.
int fcntl(int fd, int cmd, long arg);
int ioctl(int fd, unsigned long request, void* arg);

// --- bytes in and out of a pipe by other means ---------------------------------------------------

ssize_t read(int fd, void* buf, size_t count);
ssize_t readv(int fd, const iovec* iov, int count);
ssize_t write(int fd, const void* buf, size_t count);
ssize_t writev(int fd, const iovec* iov, int count);

// --- watching a pipe -----------------------------------------------------------------------------

int poll(pollfd* fds, nfds_t count, int timeout_ms);
int select(int nfds, fd_set* r, fd_set* w, fd_set* e, timeval* timeout);
int pselect(int nfds, fd_set* r, fd_set* w, fd_set* e, const timespec* timeout,
            const sigset_t* mask);

// --- beyond POSIX, where the system has them (core/sys/host.h) ----------------------------------

#ifdef ANYSPLICE_HOST_PIPE2
int pipe2(int fds[2], int flags);
#endif
#ifdef ANYSPLICE_HOST_DUP3
int dup3(int fd, int to, int flags);
#endif
#ifdef ANYSPLICE_HOST_CLOSE_RANGE
int close_range(unsigned first, unsigned last, int flags);
#endif
#ifdef ANYSPLICE_HOST_CLOSEFROM
void closefrom(int first);
#endif
#ifdef ANYSPLICE_HOST_PREADV2
ssize_t preadv2(int fd, const iovec* iov, int count, int64_t offset, int flags);
#endif
#ifdef ANYSPLICE_HOST_PWRITEV2
ssize_t pwritev2(int fd, const iovec* iov, int count, int64_t offset, int flags);
#endif
#ifdef ANYSPLICE_HOST_PPOLL
int ppoll(pollfd* fds, nfds_t count, const timespec* timeout, const sigset_t* mask);
#endif
#ifdef ANYSPLICE_HOST_EPOLL_CTL
int epoll_ctl(int epfd, int op, int fd, epoll_event* event);
#endif

// --- a pipe becomes visible to somebody who does not go through the engine -----------------------

// sendmsg(2): descriptors in an SCM_RIGHTS message are settled first.
ssize_t sendmsg(int fd, const msghdr* message, int flags);
// Settles one descriptor's pipe and keeps it in the kernel from now on (stdio, /dev/fd opens).
void expose(int fd, SettleReason reason);
// Settles every pipe that another program may get, and all that has bytes held. Errors are told on
// stderr. expose_all: before a spawn, whose program may get any descriptor under another number.
// expose_inherited: before exec, which passes on those that are not close-on-exec.
void expose_all(SettleReason reason = SettleReason::kExec);
void expose_inherited();
// Puts held bytes back; others may have the pipes. A pipe that a call of another thread is at work
// on is waited for, or skipped.
enum class Busy { kWaitFor, kSkip };
void settle_held(SettleReason reason, Busy busy = Busy::kWaitFor);
// Before the process ends: the same, and tells related processes.
void before_exit();
// Before this process gives up privileges, or moves to where /proc may be another's: related
// processes that keep theirs must not depend on it any more.
void before_privilege_change();
// It may make no other calls any more than read, write and exit (seccomp(2), strict mode): all
// descriptors count as no pipes, so that nothing is looked at.
void look_at_nothing();
// From now on nothing is held after a call and no pipe gets a ring: the process has means to use
// its pipes that the engine cannot see.
void keep_nothing(SettleReason reason);
// The calling thread is about to get a table of descriptors of its own (CLONE_FILES of unshare(2)):
// if there are others, numbers no longer mean the same in all, so nothing is kept.
void on_descriptor_table_unshared();
pid_t fork();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_ENGINE_H_
