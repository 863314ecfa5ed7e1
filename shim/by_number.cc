// syscall(2): the calls that have a row in the table go the same way by number.
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "core/calls/descriptors.h"
#include "core/memory/guarded_signals.h"
#include "core/memory/user_memory.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/fault_mask.h"
#include "core/sys/page.h"
#include "core/sys/sys.h"
#include "shim/hooks.h"
#ifdef ANYSPLICE_HOST_SYSCALL
#include <linux/seccomp.h>
#include <sys/syscall.h>
#endif

namespace anysplice::shim {
namespace {

template <typename T>
T* to(long word) {
  return reinterpret_cast<T*>(word);
}

long to_word(const void* pointer) { return reinterpret_cast<long>(pointer); }

#ifdef ANYSPLICE_KERNEL_ACTION
long action_by_number(int signal, long wanted, long old) {
  signal_actions::KernelAction given;
  signal_actions::KernelAction before;
  const auto refuse = [] { return errno = EFAULT, -1L; };
  if (wanted == 0) {
    // The kernel finds out whether `old` can be written; no guard need be there for a question.
    const long error = sys->syscall(SYS_rt_sigaction, signal, 0, old, sizeof(before.mask), 0, 0);
    if (error == 0 && old != 0)
      signal_actions::show_by_number(signal, to<signal_actions::KernelAction>(old));
    return error;
  }
  const auto size = static_cast<ssize_t>(sizeof(given));
  if (copy_from_user(&given, to<void>(wanted), sizeof(given)) != size) return refuse();
  const long error =
      signal_actions::change_by_number(signal, &given, old != 0 ? &before : nullptr, vfork_child());
  if (error == 0 && old != 0 && copy_to_user(to<void>(old), &before, sizeof(before)) != size) {
    return refuse();
  }
  return error;
}
#endif

#ifdef ANYSPLICE_HOST_SYSCALL
// clone(2) and its kin, whose child is like one of fork: it runs on from here.
template <typename Make>
long forked(unsigned long flags, Make make) {
  before_clone(flags);
  const long child = make();
  after_clone(flags, child == 0);
  return child;
}

// clone3(2): `arguments` is a structure of 64-bit words.
long clone3(const void* arguments, size_t size) {
  enum { kFlags = 0, kStack = 5, kMost = 32 };
  uint64_t word[kMost] = {};
  const bool known = size > kStack * sizeof(uint64_t) && size <= sizeof(word) &&
                     check_readable(arguments, size) == 0;
  if (!known) {
    expose_all(SettleReason::kSyscall);
    return sys->syscall(SYS_clone3, to_word(arguments), static_cast<long>(size), 0, 0, 0, 0);
  }
  memcpy(word, arguments, size);
  const auto make = [&] {
    return sys->syscall(SYS_clone3, to_word(word), static_cast<long>(size), 0, 0, 0, 0);
  };
  if (word[kStack] != 0) {
    note_clone(static_cast<unsigned long>(word[kFlags]));
    return make();
  }
  word[kFlags] &= ~uint64_t{CLONE_VM};
  return forked(static_cast<unsigned long>(word[kFlags]), make);
}
#endif

}  // namespace

#ifdef ANYSPLICE_HOST_SYSCALL
long by_number(long number, long a, long b, long c, long d, long e, long f) {
  const int fd = static_cast<int>(a);
  const auto size = static_cast<size_t>(c);
  switch (number) {
    case SYS_splice:
      return anysplice::splice(fd, to<int64_t>(b), static_cast<int>(c), to<int64_t>(d),
                               static_cast<size_t>(e), static_cast<unsigned>(f));
    case SYS_tee:
      return anysplice::tee(fd, static_cast<int>(b), size, static_cast<unsigned>(d));
    case SYS_vmsplice:
      return anysplice::vmsplice(fd, to<const iovec>(b), size, static_cast<unsigned>(d));
    case SYS_sendfile:
      return shim::sendfile(fd, static_cast<int>(b), to<Offset>(c), static_cast<size_t>(d));
#ifdef SYS_sendfile64
    case SYS_sendfile64:
      return anysplice::sendfile(fd, static_cast<int>(b), to<int64_t>(c), static_cast<size_t>(d));
#endif
    case SYS_copy_file_range:
      return anysplice::copy_file_range(fd, to<int64_t>(b), static_cast<int>(c), to<int64_t>(d),
                                        static_cast<size_t>(e), static_cast<unsigned>(f));
    case SYS_read:
      return anysplice::read(fd, to<void>(b), size);
    case SYS_readv:
      return anysplice::readv(fd, to<const iovec>(b), static_cast<int>(c));
    case SYS_preadv2:
      return anysplice::preadv2(fd, to<const iovec>(b), static_cast<int>(c), offset_of(d, e),
                                static_cast<int>(f));
    case SYS_write:
      return anysplice::write(fd, to<const void>(b), size);
    case SYS_writev:
      return anysplice::writev(fd, to<const iovec>(b), static_cast<int>(c));
    case SYS_pwritev2:
      return anysplice::pwritev2(fd, to<const iovec>(b), static_cast<int>(c), offset_of(d, e),
                                 static_cast<int>(f));
    case SYS_epoll_ctl:
      return anysplice::epoll_ctl(fd, static_cast<int>(b), static_cast<int>(c), to<epoll_event>(d));
    case SYS_ioctl:
      return anysplice::ioctl(fd, static_cast<unsigned long>(b), to<void>(c));
    case SYS_fcntl:
#ifdef SYS_fcntl64
    case SYS_fcntl64:
#endif
      return anysplice::fcntl(fd, static_cast<int>(b), c);
    case SYS_pipe2:
      return anysplice::pipe2(to<int>(a), static_cast<int>(b));
    case SYS_dup:
      return anysplice::dup(fd);
    case SYS_dup3:
      return anysplice::dup3(fd, static_cast<int>(b), static_cast<int>(c));
    case SYS_close:
      return anysplice::close(fd);
    case SYS_close_range:
      return anysplice::close_range(static_cast<unsigned>(a), static_cast<unsigned>(b),
                                    static_cast<int>(c));
    case SYS_sendmsg:
      return anysplice::sendmsg(fd, to<const msghdr>(b), static_cast<int>(c));
#ifdef SYS_poll
    case SYS_poll:
      return anysplice::poll(to<pollfd>(a), static_cast<nfds_t>(b), static_cast<int>(c));
#endif
#ifdef SYS_pipe
    case SYS_pipe:
      return anysplice::pipe(to<int>(a));
#endif
#ifdef SYS_dup2
    case SYS_dup2:
      return anysplice::dup2(fd, static_cast<int>(b));
#endif
    case SYS_rt_sigaction:
      if (b != 0) taking(fd);
#ifdef ANYSPLICE_KERNEL_ACTION
      if (d == sizeof(signal_actions::KernelAction::mask)) return action_by_number(fd, b, c);
#endif
      break;
    case SYS_rt_sigprocmask: {
      const long error = sys->syscall(number, a, b, c, d, e, f);
      if (error == 0) fault_mask::changed(fd, to<const sigset_t>(b));
      return error;
    }
    // What else concerns pipes is rare by number: the pipes are settled, and the kernel asked.
    case SYS_io_uring_setup:
    case SYS_io_submit:  // reads and writes that end when they like
      keep_nothing(SettleReason::kUring);
      break;
    case SYS_openat:
#ifdef SYS_openat2
    case SYS_openat2:
#endif
    {
      const int made = fresh(static_cast<int>(sys->syscall(number, a, b, c, d, e, f)));
      if (made >= 0) opened(to<const char>(b));
      return made;
    }
#ifdef SYS_open
    case SYS_open: {
      const int made = fresh(static_cast<int>(sys->syscall(number, a, b, c, d, e, f)));
      if (made >= 0) opened(to<const char>(a));
      return made;
    }
#endif
    case SYS_socketpair: {
      const long error = sys->syscall(number, a, b, c, d, e, f);
      return fresh_pair(static_cast<int>(error), to<const int>(d));
    }
    case SYS_unshare:
      unsharing(static_cast<int>(a));
      break;
    case SYS_prctl:
      controlling(fd, b);
      if (const long error = sys->syscall(number, a, b, c, d, e, f); error != 0) return error;
      controlled(fd, b);
      return 0;
    case SYS_setuid:
    case SYS_setgid:
    case SYS_setreuid:
    case SYS_setregid:
    case SYS_setresuid:
    case SYS_setresgid:
    case SYS_setfsuid:
    case SYS_setfsgid:
    case SYS_setgroups:
#ifdef SYS_setuid32
    case SYS_setuid32:
    case SYS_setgid32:
    case SYS_setreuid32:
    case SYS_setregid32:
    case SYS_setresuid32:
    case SYS_setresgid32:
    case SYS_setfsuid32:
    case SYS_setfsgid32:
    case SYS_setgroups32:
#endif
    case SYS_capset:
    case SYS_chroot:
    case SYS_pivot_root:
    case SYS_setns:
#ifdef SYS_landlock_restrict_self
    case SYS_landlock_restrict_self:
#endif
      before_privilege_change();
      break;
    case SYS_seccomp:
      before_privilege_change();
      if (a != SECCOMP_SET_MODE_STRICT) break;
      keep_nothing(SettleReason::kPrivileges);
      if (sys->syscall(number, a, b, c, d, e, f) != 0) return -1;
      look_at_nothing();
      return 0;
    case SYS_clone:
      if (b == 0) {
        // On this very stack the child would run over our frames.
        a &= ~static_cast<long>(CLONE_VM);
        return forked(static_cast<unsigned long>(a),
                      [&] { return sys->syscall(number, a, b, c, d, e, f); });
      }
      note_clone(static_cast<unsigned long>(a));
      break;
    case SYS_clone3:
      return clone3(to<const void>(a), static_cast<size_t>(b));
#ifdef SYS_fork
    case SYS_fork:
      return forked(SIGCHLD, [&] { return sys->syscall(number, 0, 0, 0, 0, 0, 0); });
#endif
#ifdef SYS_vfork
    case SYS_vfork:
      // The same, but for who writes to the memory of whom (vfork(2) allows that).
      return forked(CLONE_VFORK | SIGCHLD,
                    [] { return sys->syscall(SYS_clone, CLONE_VFORK | SIGCHLD, 0, 0, 0, 0, 0); });
#endif
#ifdef SYS_select
    case SYS_select:
#endif
#ifdef SYS__newselect
    case SYS__newselect:
#endif
#ifdef SYS_pselect6_time64
    case SYS_pselect6_time64:
    case SYS_ppoll_time64:
#endif
#ifdef SYS_socketcall
    case SYS_socketcall:
#endif
    case SYS_pselect6:
    case SYS_ppoll:
    case SYS_sendmmsg:
#ifdef SYS_pidfd_getfd
    case SYS_pidfd_getfd:  // of this process, perhaps
#endif
    case SYS_execve:
    case SYS_execveat:
    case SYS_exit:  // of the last thread
    case SYS_exit_group:
      expose_all(SettleReason::kSyscall);
      break;
    default:
      break;
  }
  if (makes_descriptor(number)) {
    return reused(static_cast<int>(sys->syscall(number, a, b, c, d, e, f)));
  }
  return memory_by_number(number, a, b, c, d, e, f);
}
#endif

}  // namespace anysplice::shim
