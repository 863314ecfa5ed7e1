// For systems without MSG_NOSIGNAL.
//
// macOS has SO_NOSIGPIPE (setsockopt(2)) instead, but that is an option of the socket, which the
// program, and other processes, share: their own writes would miss their signal. SIGPIPE is given
// to the thread that sends (POSIX.1-2008, write), so it can be held and taken there.
#ifndef ANYSPLICE_CORE_SYS_POSIX_NO_SIGPIPE_H_
#define ANYSPLICE_CORE_SYS_POSIX_NO_SIGPIPE_H_

#include <sys/socket.h>
#include <sys/types.h>

namespace anysplice {

// As sendmsg(2), with no SIGPIPE. Async-signal-safe.
ssize_t send_without_sigpipe(int fd, const msghdr* message, int flags);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_POSIX_NO_SIGPIPE_H_
