// Children of vfork that use the calls: on pipes of their parent, on pipes and copies of their own,
// before they exit or become another program.
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>

#include <atomic>
#include <optional>
#include <thread>

#include "hazard.h"

using namespace hazard;

namespace {

// A child may not return from the function that called vfork, so what it does is in line.
#define IN_VFORK_CHILD(...)       \
  do {                            \
    const pid_t child_ = vfork(); \
    if (child_ == 0) {            \
      __VA_ARGS__;                \
      _exit(0);                   \
    }                             \
    CHECK(child_ > 0);            \
    finish(child_);               \
  } while (false)

void must(bool well) {
  if (!well) _exit(1);
}

}  // namespace

HAZARD(child_uses_its_parents_pipes) {
  const Teed teed("abcdef");
  const Pipe fresh;
  const int file = file_of("file");
  char memory[4];
  const iovec iov{memory, 3};
  for (int i = 0; i < 50; ++i) {
    IN_VFORK_CHILD({
      off_t start = 0;
      must(vmsplice(teed.pipe.r, &iov, 1, 0) == 3 && memcmp(memory, "abc", 3) == 0);
      must(tee(teed.pipe.r, teed.copy.w, 3, 0) == 3);
      must(splice(file, &start, teed.pipe.w, nullptr, 4, 0) == 4);
      must(splice(teed.copy.r, nullptr, fresh.w, nullptr, 100, 0) == (i == 0 ? 9 : 3));
    });
    CHECK_EQ(take(teed.pipe.r, 7), "deffile");
    CHECK_EQ(take(fresh.r, i == 0 ? 9 : 3), i == 0 ? "abcdefdef" : "def");
    put(teed.pipe.w, "abcdef");
  }
}

HAZARD(child_makes_and_closes_pipes) {
  const Teed teed("parent's");
  for (int i = 0; i < 50; ++i) {
    IN_VFORK_CHILD({
      int ends[2];
      char memory[8];
      must(pipe(ends) == 0 && write(ends[1], "child's", 7) == 7);
      must(tee(ends[0], teed.copy.w, 7, 0) == 7);
      must(splice(ends[0], nullptr, teed.copy.w, nullptr, 5, 0) == 5);
      must(read(ends[0], memory, sizeof(memory)) == 2);
      close(ends[0]);
      close(ends[1]);
    });
    CHECK_EQ(take(teed.copy.r, i == 0 ? 20 : 12),
             (i == 0 ? "parent's" : "") + std::string("child'schild"));
    // The numbers are the parent's to use.
    const Teed again("again");
    CHECK_EQ(take(again.pipe.r, 5), "again");
    for (const int fd : {again.pipe.r, again.pipe.w, again.copy.r, again.copy.w}) close(fd);
  }
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
}

// A number that names a pipe in the parent is a file, and another pipe, in the child.
HAZARD(child_gives_numbers_another_meaning) {
  const Teed teed("parent's");
  const Pipe other;
  const int file = file_of("file");
  put(other.w, "other");
  for (int i = 0; i < 2; ++i) {
    IN_VFORK_CHILD({
      must(dup2(file, teed.pipe.r) == teed.pipe.r);
      must(splice(teed.pipe.r, nullptr, other.w, nullptr, 4, 0) == (i == 0 ? 4 : 0));
      must(dup2(other.r, teed.pipe.r) == teed.pipe.r);
      must(tee(teed.pipe.r, teed.copy.w, 9, 0) == 9);
    });
  }
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
  CHECK_EQ(take(other.r, 9), "otherfile");
  CHECK_EQ(take(teed.copy.r, 26), "parent'sotherfileotherfile");
}

HAZARD(child_uses_a_pipe_and_executes) {
  const Teed teed("for the program");
  const Pipe output;
  const std::string path = neighbour("peer");
  char name[] = "peer";
  char what[] = "cat";
  char* const argv[] = {name, what, nullptr};
  close(teed.pipe.w);
  const pid_t child = vfork();
  if (child == 0) {
    must(splice(teed.pipe.r, nullptr, output.w, nullptr, 4, 0) == 4);
    must(tee(teed.pipe.r, output.w, 4, 0) == 4);
    must(dup2(teed.pipe.r, 0) == 0 && dup2(output.w, 1) == 1);
    execv(path.c_str(), argv);
    _exit(1);
  }
  close(output.w);
  CHECK_EQ(take(output.r, 100), "for the the program");
  finish(child);
  CHECK_EQ(take(teed.pipe.r, 1), "");
  CHECK_EQ(take(teed.copy.r, 15), "for the program");
}

// Each child has depths below it, and one of them is killed by a signal.
HAZARD(children_of_children) {
  const Teed teed("parent's");
  for (int i = 0; i < 20; ++i) {
    const pid_t child = vfork();
    if (child == 0) {
      const pid_t inner = vfork();
      if (inner == 0) {
        must(tee(teed.pipe.r, teed.copy.w, 8, 0) == 8);
        kill(getpid(), SIGKILL);
        _exit(0);
      }
      int status;
      must(inner > 0 && waitpid(inner, &status, 0) == inner && WIFSIGNALED(status));
      must(dup2(teed.copy.r, teed.pipe.r) == teed.pipe.r);
      must(tee(teed.pipe.r, teed.pipe.w, 3, 0) == 3);
      _exit(0);
    }
    finish(child);
    CHECK_EQ(take(teed.copy.r, i == 0 ? 16 : 8), i == 0 ? "parent'sparent's" : "parent's");
    CHECK_EQ(take(teed.pipe.r, 11), "parent'spar");
    put(teed.pipe.w, "parent's");
  }
}

// A child that is killed in the middle of its work has not left its parent there: the parent's
// handlers run, and it can be cancelled.
HAZARD(child_dies_in_its_call) {
  static std::atomic<int> handled;
  char memory[8];
  handled = 0;
  struct sigaction action {};
  action.sa_handler = [](int) { ++handled; };
  CHECK(sigaction(SIGUSR1, &action, nullptr) == 0);
  const Teed teed("parent's");
  const Pipe other;
  for (int i = 0; i < 60; ++i) {
    const pid_t child = vfork();
    if (child == 0) {
      const itimerval soon{{}, {0, 1000 + 50 * i}};
      setitimer(ITIMER_REAL, &soon, nullptr);
      for (;;) {
        must(tee(teed.pipe.r, other.w, 8, 0) == 8);
        must(splice(other.r, nullptr, teed.copy.w, nullptr, 8, 0) == 8);
        must(read(teed.copy.r, memory, 8) == 8);
      }
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFSIGNALED(status));
    raise(SIGUSR1);
    CHECK_EQ(handled.load(), i + 1);
  }
  int state;
  CHECK(pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &state) == 0);
  CHECK_EQ(state, PTHREAD_CANCEL_ENABLE);
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
}

namespace {

// For clone(2) with vfork's flags.
struct ByClone {
  int source, target;
};

int by_clone(void* argument) {
  const auto* given = static_cast<const ByClone*>(argument);
  must(tee(given->source, given->target, 5, 0) == 5);
  must(dup2(given->target, given->source) == given->source);  // the child's only
  return 0;
}

}  // namespace

HAZARD(child_by_clone) {
  static char stack[64 << 10];
  const Teed teed("parent's");
  ByClone given{teed.pipe.r, teed.copy.w};
  const pid_t child =
      clone(by_clone, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD, &given);
  CHECK(child > 0);
  finish(child);
  CHECK_EQ(take(teed.copy.r, 13), "parent'sparen");
  CHECK_EQ(take(teed.pipe.r, 8), "parent's");
}

// A handler that comes when the child is gone runs before vfork has returned: it is the parent's.
namespace {

Pipe* written;
sigjmp_buf away;

pid_t child_that_signals() {
  const pid_t child = vfork();
  if (child == 0) {
    const timespec while_others_work{0, 200'000'000};
    nanosleep(&while_others_work, nullptr);
    kill(getppid(), SIGUSR1);
    _exit(0);
  }
  return child;
}

void on_usr1(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  CHECK(sigaction(SIGUSR1, &action, nullptr) == 0);
}

}  // namespace

// (A pipe from before vfork would have no ring after it.)
HAZARD(handler_as_vfork_returns) {
  on_usr1([](int) { put(written->w, "x"); });
  const Pipe source;
  put(source.w, "abcd");
  std::optional<Pipe> ring;
  std::thread other([&] {
    sleep_ms(50);
    ring.emplace();
    written = &*ring;
    CHECK_EQ(splice(source.r, nullptr, ring->w, nullptr, 2, 0), 2);
  });
  finish(child_that_signals());
  other.join();
  CHECK_EQ(splice(source.r, nullptr, ring->w, nullptr, 2, 0), 2);
  CHECK_EQ(take(ring->r, 5), "abxcd");
}

HAZARD(handler_jumps_as_vfork_returns) {
  on_usr1([](int) { siglongjmp(away, 1); });
  if (sigsetjmp(away, 1) == 0) child_that_signals();
  CHECK(wait(nullptr) > 0);
  std::optional<Pipe> ring;
  std::thread([&] {
    const Pipe source;
    put(source.w, "ab");
    ring.emplace();
    CHECK_EQ(splice(source.r, nullptr, ring->w, nullptr, 2, 0), 2);
  }).join();
  CHECK_EQ(fcntl(ring->r, F_SETFL, O_NONBLOCK), 0);
  CHECK_EQ(take(ring->r, 2), "ab");
}

HAZARD(clone_without_a_stack) {
  errno = 0;
  CHECK_EQ(clone(by_clone, nullptr, CLONE_VM | CLONE_VFORK | SIGCHLD, nullptr), -1);
  CHECK_EQ(errno, EINVAL);
}
