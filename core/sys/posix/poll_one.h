// poll(2) of one descriptor.
//
// A program may have set RLIMIT_NOFILE to 0. Then poll(2) may fail with EINVAL, for one descriptor
// is more than the limit, and pselect(2) is asked. Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_POSIX_POLL_ONE_H_
#define ANYSPLICE_CORE_SYS_POSIX_POLL_ONE_H_

namespace anysplice {

// As poll(2), with POLLIN or POLLOUT, or both; a timeout of -1 is for ever.
int poll_one(int fd, short events, int milliseconds);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_POSIX_POLL_ONE_H_
