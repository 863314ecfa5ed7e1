#include "tests/fuzz/play.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <new>
#include <stdexcept>

#include "tests/fuzz/stage.h"
#include "tools/conform/cases/text.h"

namespace fuzz {
namespace {

Shared* shared_memory() {
  static void* const at =
      mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (at == MAP_FAILED) throw std::runtime_error("no memory");
  return new (at) Shared{};
}

// Gives the turn to the next step whose process lives; those of others are left out.
void pass_on(Shared& shared, const std::vector<Step>& steps, uint32_t done) {
  uint32_t next = done + 1;
  while (next < steps.size() && !shared.alive[steps[next].actor]) ++next;
  shared.turn.store(next);
  syscall(SYS_futex, &shared.turn, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// The first process sees a process out: its descriptors are closed only when it is gone.
void see_out(Shared& shared, int actor, Stage& stage) {
  int status = 0;
  while (waitpid(shared.pid[actor], &status, 0) < 0 && errno == EINTR) continue;
  if (status != 0) stage.differ("process " + std::to_string(actor) + " died");
}

// One process of the program does the steps that are its own.
void take_turns(Shared& shared, const std::vector<Step>& steps, Stage& stage) {
  for (;;) {
    const uint32_t turn = shared.turn.load();
    const uint32_t index = turn & ~Shared::kLeaving;
    if (shared.verdict.load() != Verdict::kOpen) ::_exit(0);
    if (index >= steps.size()) break;
    const Step& step = steps[index];
    if ((turn & Shared::kLeaving) != 0 && stage.actor() == 0) {
      see_out(shared, step.actor, stage);
      pass_on(shared, steps, index);
      continue;
    }
    if (step.actor != stage.actor() || (turn & Shared::kLeaving) != 0) {
      const timespec patience = {0, 200'000'000};
      syscall(SYS_futex, &shared.turn, FUTEX_WAIT, turn, &patience, nullptr, 0);
      // A process that crashed passes nothing on.
      int status;
      if (stage.actor() == 0 && shared.turn.load() == turn && step.actor != 0 &&
          (turn & Shared::kLeaving) == 0 && waitpid(shared.pid[step.actor], &status, WNOHANG) > 0 &&
          status != 0) {
        stage.differ(to_text(step) + ": process died");
      }
      continue;
    }
    if (step.op == Op::kExit && step.actor != 0) {
      shared.alive[step.actor] = false;
      shared.turn.store(turn | Shared::kLeaving);
      syscall(SYS_futex, &shared.turn, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
    }
    const int before = stage.actor();
    stage.act(step);
    if (stage.actor() == before) pass_on(shared, steps, index);
  }
}

[[noreturn]] void run(Shared& shared, const Program& program) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  const rlimit no_core = {};
  setrlimit(RLIMIT_CORE, &no_core);
  // All that were forked end before the first process does.
  std::vector<Step> steps = program.steps;
  for (int actor = 1; actor < kActors; ++actor) {
    steps.push_back({Op::kExit, actor, {}});
  }
  shared.alive[0] = true;
  Stage stage(&shared, program);
  if (steps[0].actor != 0) pass_on(shared, steps, static_cast<uint32_t>(-1));
  take_turns(shared, steps, stage);
  if (stage.actor() == 0) stage.finish();
  ::_exit(0);
}

Outcome::Kind kind_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kSame:
      return Outcome::kSame;
    case Verdict::kCutShort:
      return Outcome::kCutShort;
    case Verdict::kDifferent:
      return Outcome::kDifferent;
    default:
      return Outcome::kDied;
  }
}

}  // namespace

Outcome play(const Program& program, int patience_ms) {
  Shared* const shared = shared_memory();
  const pid_t pid = ::fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) {
    setpgid(0, 0);
    run(*shared, program);
  }
  setpgid(pid, pid);
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  pollfd p = {pidfd, POLLIN, 0};
  int n;
  while ((n = ::poll(&p, 1, patience_ms)) < 0 && errno == EINTR) continue;
  ::close(pidfd);
  ::kill(-pid, SIGKILL);  // whoever is left
  int status = 0;
  while (waitpid(pid, &status, 0) < 0 && errno == EINTR) continue;

  Outcome outcome;
  const uint32_t turn = shared->turn.load() & ~Shared::kLeaving;
  const std::string at =
      turn < program.steps.size() ? to_text(program.steps[turn]) : std::string("at the end");
  outcome.kind = n == 0 ? Outcome::kHung : kind_of(shared->verdict.load());
  outcome.report = shared->report;
  if (outcome.kind == Outcome::kHung) outcome.report = at + "\n  hangs\n";
  if (outcome.kind == Outcome::kDied) {
    outcome.report =
        at + "\n  " +
        (WIFSIGNALED(status) ? "died of " + oracle::signal_name(WTERMSIG(status)) : "ended") + "\n";
  }
  outcome.compared = shared->compared;
  outcome.excused = shared->excused;
  return outcome;
}

}  // namespace fuzz
