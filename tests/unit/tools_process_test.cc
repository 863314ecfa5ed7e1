// The parts of the tools that start processes.
#include <errno.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "tests/catch.h"
#include "tools/block.h"
#include "tools/stats_file.h"
#include "tools/supervise.h"

namespace anysplice::tools {
namespace {

constexpr unsigned kSeconds = 20;  // an end to every child, whatever goes wrong

// Runs in a child of its own, which the supervising code may treat as its whole process.
template <typename Body>
int status_of(Body body) {
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    for (const int handled : {SIGHUP, SIGINT, SIGTERM, SIGSEGV}) signal(handled, SIG_DFL);
    alarm(kSeconds);
    body();
    _exit(99);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return status;
}

[[noreturn]] void supervise(absl::FunctionRef<int()> body) { end_like(*run_child(body)); }

TEST_CASE("the end of the child is ours", "[tools]") {
  const int exited = status_of([] { supervise([] { return 7; }); });
  CHECK(WIFEXITED(exited));
  CHECK(WEXITSTATUS(exited) == 7);
  for (const int signal_number : {SIGTERM, SIGKILL, SIGSEGV, SIGRTMIN}) {
    const int status = status_of([signal_number] {
      supervise([signal_number] {
        signal(signal_number, SIG_DFL);
        raise(signal_number);
        return 0;
      });
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal_number);
    CHECK_FALSE(WCOREDUMP(status));
  }
}

TEST_CASE("an ignored SIGCHLD does not hide the end, and stays ignored", "[tools]") {
  const int status = status_of([] {
    signal(SIGCHLD, SIG_IGN);
    supervise([] { return signal(SIGCHLD, SIG_DFL) == SIG_IGN ? 3 : 4; });
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 3);
}

TEST_CASE("signals sent to the parent reach the child", "[tools]") {
  for (const int signal_number : {SIGHUP, SIGINT, SIGTERM, SIGUSR1}) {
    const int status = status_of([signal_number] {
      const pid_t parent = getpid();
      supervise([signal_number, parent] {
        // Sent by a third process: the child's own signals are not sent back to it.
        const pid_t sender = fork();
        if (sender == 0) {
          kill(parent, signal_number);
          _exit(0);
        }
        alarm(kSeconds);
        pause();
        return 0;
      });
    });
    CHECK(WIFSIGNALED(status));
    CHECK(WTERMSIG(status) == signal_number);
  }
}

TEST_CASE("an alarm set before the program goes off in it", "[tools]") {
  const int status = status_of([] {
    alarm(1);
    supervise([] { return pause(); });
  });
  CHECK(WIFSIGNALED(status));
  CHECK(WTERMSIG(status) == SIGALRM);
}

TEST_CASE("blocked calls fail as asked, others go on", "[tools]") {
  CallSet calls;
  calls.set(static_cast<size_t>(Call::kTee));
  const int status = status_of([calls] {
    if (!block_calls(calls, EXDEV).ok()) _exit(1);
    if (syscall(SYS_tee, -1, -1, 0, 0) != -1 || errno != EXDEV) _exit(2);
    if (syscall(SYS_vmsplice, -1, nullptr, 0, 0) == -1 && errno == EXDEV) _exit(3);
    _exit(0);
  });
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("the counters' file is private and goes away", "[tools]") {
  auto file = StatsFile::create();
  REQUIRE(file.ok());
  const std::string path = (*file)->path();
  struct stat st;
  REQUIRE(stat(path.c_str(), &st) == 0);
  CHECK((st.st_mode & 0777) == 0600);
  CHECK(st.st_size == static_cast<off_t>(sizeof(Stats)));
  file->reset();
  CHECK(stat(path.c_str(), &st) == -1);
}

}  // namespace
}  // namespace anysplice::tools
