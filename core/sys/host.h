// Which calls beyond POSIX.1-2008, used by programs on pipes, the system has for which we are
// built. This does not depend on which calls the engine uses for its own work (-Dplatform). It is
// the one place for macros that name systems.
//
// ANYSPLICE_HOST_NAME is defined if the headers declare the call NAME.
#ifndef ANYSPLICE_CORE_SYS_HOST_H_
#define ANYSPLICE_CORE_SYS_HOST_H_

#include <fcntl.h>

// Linux: the manual pages of these calls. FreeBSD: pipe(2), dup3(3), ppoll (poll(2)), and
// close_range and closefrom (close_range(2)).
#if defined(__linux__)
#define ANYSPLICE_HOST_CLOSE_RANGE
#define ANYSPLICE_HOST_DUP3
#define ANYSPLICE_HOST_EPOLL_CTL
#define ANYSPLICE_HOST_PIPE2
#define ANYSPLICE_HOST_PPOLL
#define ANYSPLICE_HOST_PREADV2
#define ANYSPLICE_HOST_PWRITEV2
#define ANYSPLICE_HOST_SYSCALL
#include <sys/epoll.h>
#ifndef ANYSPLICE_POSIX
#include <sys/vfs.h>
#endif
#elif defined(__FreeBSD__)
#define ANYSPLICE_HOST_CLOSE_RANGE
#define ANYSPLICE_HOST_DUP3
#define ANYSPLICE_HOST_PIPE2
#define ANYSPLICE_HOST_PPOLL
#endif
// musl lacks some of these, and they are made by their numbers (linux/by_number.h).
#if defined(__linux__) && !defined(__GLIBC__)
#define ANYSPLICE_HOST_BY_NUMBER
#endif
// So does older glibc, but of the four calls it has splice and the others.
#if defined(__linux__) && defined(__GLIBC__)
#if !__GLIBC_PREREQ(2, 34)
#define ANYSPLICE_HOST_OLDER_GLIBC
#endif
#endif
// glibc 2.34, FreeBSD; not musl.
#if (defined(__linux__) && defined(__GLIBC__)) || defined(__FreeBSD__)
#define ANYSPLICE_HOST_CLOSEFROM
#endif

namespace anysplice::host {

// fcntl(2), F_GETFL: a descriptor that names a file and cannot be read or written.
#if defined(O_PATH)
inline constexpr int kPathOnly = O_PATH;
#else
inline constexpr int kPathOnly = 0;
#endif

// The same: a pipe's writes are packets (pipe(7)). Elsewhere O_DIRECT means nothing for a pipe.
#if defined(__linux__)
inline constexpr int kPackets = O_DIRECT;
#else
inline constexpr int kPackets = 0;
#endif

// close_range(2): nothing is closed yet. Both systems have the same bit, not all headers its name.
inline constexpr int kOnlyCloseOnExec = 1 << 2;

// The same: in a table of this thread's own. Linux.
inline constexpr int kOwnNumbers = 1 << 1;

// Signal-driven I/O.
#if defined(O_ASYNC)
inline constexpr int kAsync = O_ASYNC;
#else
inline constexpr int kAsync = 0;
#endif

}  // namespace anysplice::host

#endif  // ANYSPLICE_CORE_SYS_HOST_H_
