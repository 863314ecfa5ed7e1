#include "trial.h"

#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <thread>

#include "core/calls/engine.h"
#include "core/memory/fault_guard.h"

namespace faults {
namespace {

constexpr int kSeconds = 10;  // a busy machine needs some of them

struct Report {
  char text[512];
};
Report* report;

void say(const std::string& what) {
  snprintf(report->text, sizeof(report->text), "%s", what.c_str());
}

// In a process of its own.
[[noreturn]] void trial(const Scenario& scenario, const System& system, const Plan& plan) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  signal(SIGPIPE, SIG_IGN);
  const int quiet = memfd_create("stderr", MFD_CLOEXEC);
  dup2(quiet, 2);
  for (const auto& [function, error] : system.lacking) lack(function, error);
  if (system.addresses_first) look_at_addresses_first();
  anysplice::set_mode(system.mode, 0);
  anysplice::allow_rings(system.rings);
  if (system.guard) anysplice::fault_guard::allow();
  World world;
  arm(plan);
  try {
    scenario.run(world);
  } catch (const Over&) {
  }
  disarm();
  // From another thread: to this one a lock left held might look like its own.
  std::thread([&] { world.settle_accounts(); }).join();
  say(world.verdict());
  _exit(world.verdict().empty() ? 0 : 1);
}

}  // namespace

void prepare_trials() {
  take_over();
  report = static_cast<Report*>(
      mmap(nullptr, sizeof(Report), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
}

std::string try_out(const Scenario& scenario, const System& system, const Plan& plan) {
  say("");
  fflush(stdout);
  const pid_t child = fork();
  if (child == 0) trial(scenario, system, plan);
  // Not by its own alarm: it may be stuck with signals blocked.
  pollfd over{static_cast<int>(syscall(SYS_pidfd_open, child, 0)), POLLIN, 0};
  const bool stuck = poll(&over, 1, kSeconds * 1000) == 0;
  close(over.fd);
  if (stuck) kill(child, SIGKILL);
  int status = 0;
  waitpid(child, &status, 0);
  if (stuck) return "stuck";
  return WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : report->text;
}

}  // namespace faults
