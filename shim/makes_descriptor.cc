// System calls whose whole answer is a new descriptor, for which nothing else is to be done.
#include "shim/hooks.h"
#ifdef ANYSPLICE_HOST_SYSCALL
#include <sys/syscall.h>

namespace anysplice::shim {

bool makes_descriptor(long number) {
  switch (number) {
#ifdef SYS_accept
    case SYS_accept:
#endif
    case SYS_accept4:
#ifdef SYS_creat
    case SYS_creat:
#endif
#ifdef SYS_epoll_create
    case SYS_epoll_create:
#endif
    case SYS_epoll_create1:
#ifdef SYS_eventfd
    case SYS_eventfd:
#endif
    case SYS_eventfd2:
    case SYS_fanotify_init:
#ifdef SYS_fsmount
    case SYS_fsmount:
#endif
#ifdef SYS_fsopen
    case SYS_fsopen:
#endif
#ifdef SYS_fspick
    case SYS_fspick:
#endif
#ifdef SYS_inotify_init
    case SYS_inotify_init:
#endif
    case SYS_inotify_init1:
    case SYS_memfd_create:
#ifdef SYS_memfd_secret
    case SYS_memfd_secret:
#endif
    case SYS_mq_open:
    case SYS_open_by_handle_at:
#ifdef SYS_open_tree
    case SYS_open_tree:
#endif
    case SYS_perf_event_open:
#ifdef SYS_pidfd_getfd
    case SYS_pidfd_getfd:
#endif
#ifdef SYS_pidfd_open
    case SYS_pidfd_open:
#endif
#ifdef SYS_signalfd
    case SYS_signalfd:
#endif
    case SYS_signalfd4:
    case SYS_socket:
    case SYS_timerfd_create:
#ifdef SYS_userfaultfd
    case SYS_userfaultfd:
#endif
      return true;
    default:
      return false;
  }
}

}  // namespace anysplice::shim
#endif
