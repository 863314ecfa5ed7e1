// Bad addresses while SIGSEGV and SIGBUS are blocked, by whatever means: EFAULT, and the program
// goes on. Who copies the program's memory by itself, and has a handler for what may come of it,
// must not then.
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "hazard.h"

using namespace hazard;

namespace {

sigset_t all_signals() {
  sigset_t all;
  sigfillset(&all);
  return all;
}

// A pipe that vmsplice has been used on, and memory that is none.
class Tried {
 public:
  Tried() { good(); }

  // No address of a copy is bad.
  void good() {
    char bytes[] = "good";
    char taken[5] = "";
    const iovec from{bytes, 4};
    const iovec to{taken, 4};
    CHECK_EQ(vmsplice(pipe_.w, &from, 1, 0), 4);
    CHECK_EQ(vmsplice(pipe_.r, &to, 1, 0), 4);
    CHECK_EQ(std::string(taken), "good");
  }
  void bad() {
    const iovec iov{memory_, 4};
    CHECK_FAILS(vmsplice(pipe_.w, &iov, 1, 0), EFAULT);
    put(pipe_.w, "kept");
    CHECK_FAILS(vmsplice(pipe_.r, &iov, 1, 0), EFAULT);
    CHECK_EQ(take(pipe_.r, 4), "kept");
  }

 private:
  Pipe pipe_;
  void* memory_ = mmap(nullptr, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
};

// Another thread with that mask tries a bad address; then this one does.
void beside_a_thread(int how) {
  Tried tried;
  struct Other {
    Tried* tried;
    int how;
  } given{&tried, how};
  const auto thread = [](void* argument) -> void* {
    const Other& other = *static_cast<Other*>(argument);
    const sigset_t all = all_signals();
    CHECK_EQ(pthread_sigmask(other.how, &all, nullptr), 0);
    other.tried->bad();
    return nullptr;
  };
  pthread_t other;
  CHECK_EQ(pthread_create(&other, nullptr, thread, &given), 0);
  CHECK_EQ(pthread_join(other, nullptr), 0);
  tried.bad();
  tried.good();
}

void in_handler(Tried& tried, int flags, const std::function<void()>& wait) {
  static Tried* used;
  used = &tried;
  struct sigaction action {};
  action.sa_handler = [](int) {
    used->bad();
    used->good();
  };
  action.sa_mask = all_signals();
  action.sa_flags = flags;
  CHECK_EQ(sigaction(SIGUSR1, &action, nullptr), 0);
  wait();
  used->bad();
}

}  // namespace

HAZARD(by_every_name) {
  const auto by_sigprocmask = [] {
    const sigset_t all = all_signals();
    sigprocmask(SIG_BLOCK, &all, nullptr);
  };
  const auto by_pthread_sigmask = [] {
    const sigset_t all = all_signals();
    pthread_sigmask(SIG_SETMASK, &all, nullptr);
  };
  const auto by_number = [] {
    const sigset_t all = all_signals();
    CHECK_EQ(syscall(SYS_rt_sigprocmask, SIG_BLOCK, &all, nullptr, 8), 0);
  };
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
  const auto by_sighold = [] { CHECK_EQ(sighold(SIGSEGV), 0); };
  const auto by_sigblock = [] { sigblock(1 << (SIGSEGV - 1) | 1 << (SIGBUS - 1)); };
  const auto by_sigsetmask = [] { sigsetmask(-1); };
#pragma GCC diagnostic pop
  for (void (*block)() : {+by_sigprocmask, +by_pthread_sigmask, +by_number, +by_sighold,
                          +by_sigblock, +by_sigsetmask}) {
    finish(start([block] {
      Tried tried;
      block();
      tried.bad();
      tried.good();
    }));
  }
}

HAZARD(in_a_handler) {
  Tried tried;
  in_handler(tried, 0, [] { raise(SIGUSR1); });
  in_handler(tried, SA_RESETHAND, [] { raise(SIGUSR1); });
}

HAZARD(in_a_handler_of_a_wait_with_a_mask) {
  Tried tried;
  sigset_t one;
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &one, nullptr), 0);
  sigset_t rest = all_signals();
  sigdelset(&rest, SIGUSR1);
  in_handler(tried, 0, [&] {
    raise(SIGUSR1);
    CHECK_FAILS(sigsuspend(&rest), EINTR);
    raise(SIGUSR1);
    CHECK_FAILS(ppoll(nullptr, 0, nullptr, &rest), EINTR);
  });
}

HAZARD(by_a_jump_back) {
  Tried tried;
  const sigset_t all = all_signals();
  sigset_t before;
  CHECK_EQ(sigprocmask(SIG_BLOCK, &all, &before), 0);
  sigjmp_buf blocked;
  static int jumps;
  if (sigsetjmp(blocked, 1) != 0) {
    tried.bad();
    if (++jumps == 3) return;
  }
  CHECK_EQ(sigprocmask(SIG_SETMASK, &before, nullptr), 0);
  tried.bad();
  tried.good();
  siglongjmp(blocked, 1);
}

// A thread inherits its mask, and so does a program that is executed.
HAZARD(from_the_start) {
  Tried tried;
  const sigset_t all = all_signals();
  sigset_t before;
  pthread_attr_t made;
  pthread_attr_init(&made);
  CHECK_EQ(pthread_attr_setsigmask_np(&made, &all), 0);
  const auto thread = [](void* given) -> void* {
    static_cast<Tried*>(given)->bad();
    static_cast<Tried*>(given)->good();
    return nullptr;
  };
  pthread_t other;
  CHECK_EQ(pthread_create(&other, &made, thread, &tried), 0);
  CHECK_EQ(pthread_join(other, nullptr), 0);
  tried.bad();
  CHECK_EQ(sigprocmask(SIG_BLOCK, &all, &before), 0);
  const pid_t child = rerun("blocked_from_the_start", "", 0);
  finish(child);
}

// Another thread is the first to copy, and could be hit.
ROLE(blocked_from_the_start) { beside_a_thread(SIG_UNBLOCK); }

// What one thread does with its mask is nothing to the others.
HAZARD(in_one_thread_only) { beside_a_thread(SIG_BLOCK); }
