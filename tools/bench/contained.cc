#include "tools/bench/contained.h"

#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

namespace anysplice::tools::bench {

bool run_contained(double seconds, absl::FunctionRef<void()> body) {
  constexpr double kStep = 2e-3;
  fflush(nullptr);
  const pid_t parent = getpid();
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    body();
    _exit(0);
  }
  int status = 0;
  for (double waited = 0; waitpid(child, &status, WNOHANG) == 0; waited += kStep) {
    if (waited > seconds) kill(child, SIGKILL);
    usleep(static_cast<useconds_t>(kStep * 1e6));
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace anysplice::tools::bench
