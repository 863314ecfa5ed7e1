// Waiting for a pipe, or for room in a socket, by poll(2), where the system has no call that waits
// and moves nothing.
//
// As kernel_pipe's wait_readable() and wait_writable(), but for what poll does not do: a handler
// with SA_RESTART restarts the wait only if all handlers have that, and a peer that goes away
// meanwhile can bring SIGPIPE. Async-signal-safe; cancellation points.
#ifndef ANYSPLICE_CORE_SYS_POSIX_BY_POLL_H_
#define ANYSPLICE_CORE_SYS_POSIX_BY_POLL_H_

namespace anysplice::by_poll {

int wait_readable(int fd, bool restarts);
int wait_writable(int fd, bool restarts);

// For a socket to be ready (events as of poll(2)), at most for its SO_RCVTIMEO or SO_SNDTIMEO: 0,
// -EAGAIN or -EINTR. With such a limit no handler restarts it (signal(7)). `vain`: so many
// waits of this call were followed by an attempt that found nothing. Then there may be notices
// (MSG_ERRQUEUE, recv(2)), at which poll does not wait.
int wait_for_socket(int socket, short events, bool restarts, unsigned vain);

}  // namespace anysplice::by_poll

#endif  // ANYSPLICE_CORE_SYS_POSIX_BY_POLL_H_
