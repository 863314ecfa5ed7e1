// Children that are made in other ways than by fork(2), by a process that has forked before: they
// use pipes as any other process.
#include <linux/sched.h>
#include <pty.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <functional>

#include "hazard.h"

using namespace hazard;

namespace {

// A pipe that parent and child have, and a relative who has it too: what each of them tells the
// others of it must be where they look.
struct Family {
  Family() {
    put(pipe.w, "before");
    CHECK_EQ(tee(pipe.r, copy.w, 6, 0), 6);
    CHECK_EQ(take(pipe.r, 6), "before");
    relative = start([&] { pause(); });
  }
  ~Family() { kill(relative, SIGKILL); }

  void use(const std::string& bytes) const {
    const Pipe own;
    put(pipe.w, bytes);
    CHECK_EQ(tee(pipe.r, own.w, 100, 0), static_cast<ssize_t>(bytes.size()));
    CHECK_EQ(splice(pipe.r, nullptr, own.w, nullptr, 1, 0), 1);
    CHECK_EQ(take(pipe.r, 100 < bytes.size() ? 100 : bytes.size() - 1), bytes.substr(1));
    CHECK_EQ(take(own.r, bytes.size() + 1), bytes + bytes[0]);
    finish(start([&] { CHECK_EQ(take(copy.r, 1).size(), size_t{1}); }));
  }

  Pipe pipe;
  Pipe copy;
  Pipe other;
  pid_t relative;
};

[[noreturn]] void be_child(const Family& family) {
  CHECK_EQ(close(family.other.r), 0);
  family.use("child's");
  CHECK_EQ(close(family.pipe.r), 0);
  exit(0);
}

void made_by(const std::function<pid_t(const Family&)>& make) {
  const Family family;
  const pid_t child = make(family);
  if (child == 0) be_child(family);
  CHECK(child > 0);
  finish(child);
  family.use("parent's");
}

int run_child(void* family) { be_child(*static_cast<const Family*>(family)); }

pid_t cloned(const Family& family, int flags) {
  alignas(16) static char stack[256 << 10];
  return clone(run_child, stack + sizeof(stack), flags | SIGCHLD, const_cast<Family*>(&family));
}

}  // namespace

HAZARD(by_clone) {
  made_by([](const Family& family) { return cloned(family, 0); });
}

HAZARD(by_clone_into_namespaces) {
  if (geteuid() != 0) skip("needs root");
  for (const int space : {CLONE_NEWUTS, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWUSER}) {
    made_by([&](const Family& family) {
      const pid_t child = cloned(family, space);
      if (child < 0) skip("namespaces are refused here");
      return child;
    });
  }
}

HAZARD(by_clone_by_number) {
  made_by([](const Family&) {
    return static_cast<pid_t>(syscall(SYS_clone, SIGCHLD, nullptr, nullptr, nullptr, 0));
  });
}

HAZARD(by_clone3_by_number) {
  made_by([](const Family&) {
    clone_args arguments{};
    arguments.exit_signal = SIGCHLD;
    const auto child = static_cast<pid_t>(syscall(SYS_clone3, &arguments, sizeof(arguments)));
    if (child < 0 && errno == ENOSYS) skip("no clone3");
    return child;
  });
}

#ifdef SYS_fork
HAZARD(by_fork_by_number) {
  made_by([](const Family&) { return static_cast<pid_t>(syscall(SYS_fork)); });
}

// By instructions of the program's own, which nobody sees.
HAZARD(by_fork_unseen) {
  made_by([](const Family&) { return static_cast<pid_t>(raw_syscall(SYS_fork, 0, 0, 0)); });
}
#endif

HAZARD(by_forkpty) {
  made_by([](const Family&) {
    int terminal;
    const pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
    if (child < 0) skip("no terminals");
    return child;
  });
}

// What was a pipe is another file then.
HAZARD(by_daemon) {
  const Family family;
  const Pipe report;
  finish(start([&] {
    const Pipe input, side;
    put(input.w, "input");
    CHECK_EQ(dup2(input.r, 0), 0);
    CHECK_EQ(tee(0, side.w, 5, 0), 5);
    CHECK_EQ(daemon(1, 0), 0);
    CHECK_FAILS(tee(0, side.w, 5, SPLICE_F_NONBLOCK), EINVAL);
    family.use("daemon's");
    put(report.w, "done");
  }));
  close(report.w);
  CHECK_EQ(take(report.r, 10), "done");
  family.use("parent's");
}
