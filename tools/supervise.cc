#include "tools/supervise.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>

#include "tools/status.h"

namespace anysplice::tools {
namespace {

using Clock = std::chrono::steady_clock;

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal :
       {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGUSR1, SIGUSR2, SIGTSTP, SIGCONT, SIGCHLD}) {
    sigaddset(&set, signal);
  }
  return set;
}

// Somebody sent it to us alone, meaning the program. What the terminal sends (Ctrl-C), or the
// program to its own group, has reached the program already. An alarm set before we were executed
// has stayed with us, as a child inherits none.
bool is_meant_for_child(const siginfo_t& info, pid_t child) {
  return info.si_signo == SIGALRM || (info.si_code <= 0 && info.si_pid != child);
}

// The signal, or -1 if none came until then.
int wait_until(Clock::time_point due, const sigset_t& watched, siginfo_t* info) {
  const auto left = std::max<int64_t>(
      std::chrono::duration_cast<std::chrono::nanoseconds>(due - Clock::now()).count(), 0);
  const timespec timeout{left / 1000000000, left % 1000000000};
  return sigtimedwait(&watched, info, &timeout);
}

// True, with its status, once the child has ended.
bool has_ended(pid_t child, int* status) {
  while (waitpid(child, status, WNOHANG | WUNTRACED) == child) {
    if (!WIFSTOPPED(*status)) return true;
    // Stop with the child, so that the shell sees the job stop and can continue both.
    const int signal = WSTOPSIG(*status);
    if (signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) kill(getpid(), SIGSTOP);
  }
  return false;
}

}  // namespace

absl::StatusOr<int> run_child(absl::FunctionRef<int()> child, std::optional<Tick> tick,
                              std::optional<Started> started) {
  // All signals are taken one at a time, by sigwaitinfo; nothing happens in a handler.
  const sigset_t watched = watched_signals();
  sigset_t old_mask;
  struct sigaction old_chld;
  const struct sigaction default_action = {};
  sigprocmask(SIG_BLOCK, &watched, &old_mask);
  sigaction(SIGCHLD, &default_action,
            &old_chld);  // if ignored, there would be no status to wait for

  const pid_t pid = fork();
  if (pid < 0) {
    const int error = errno;
    sigaction(SIGCHLD, &old_chld, nullptr);
    sigprocmask(SIG_SETMASK, &old_mask, nullptr);
    return system_failure("cannot fork", error);
  }
  if (pid == 0) {
    sigaction(SIGCHLD, &old_chld, nullptr);
    sigprocmask(SIG_SETMASK, &old_mask, nullptr);
    _exit(child());
  }

  // Whoever reads what we say of the child may go away; the child's status is still to be told.
  signal(SIGPIPE, SIG_IGN);

  if (started) (*started)(pid);

  int status = 0;
  auto due = Clock::now();
  if (tick) due += std::chrono::duration_cast<Clock::duration>(tick->interval);
  while (!has_ended(pid, &status)) {
    siginfo_t info;
    const int signal = tick ? wait_until(due, watched, &info) : sigwaitinfo(&watched, &info);
    if (tick && Clock::now() >= due) {
      tick->action();
      due = Clock::now() + std::chrono::duration_cast<Clock::duration>(tick->interval);
    }
    if (signal > 0 && signal != SIGCHLD && is_meant_for_child(info, pid)) kill(pid, signal);
  }
  return status;
}

void end_like(int wait_status) {
  if (WIFSIGNALED(wait_status)) {
    const int signal_number = WTERMSIG(wait_status);
    prctl(PR_SET_DUMPABLE, 0);
    signal(signal_number, SIG_DFL);
    sigset_t only;
    sigemptyset(&only);
    sigaddset(&only, signal_number);
    sigprocmask(SIG_UNBLOCK, &only, nullptr);
    raise(signal_number);
    exit(128 + signal_number);  // for the first process of a container, which signals cannot end
  }
  exit(WEXITSTATUS(wait_status));
}

}  // namespace anysplice::tools
