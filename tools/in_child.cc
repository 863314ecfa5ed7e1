#include "tools/in_child.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "absl/cleanup/cleanup.h"

namespace anysplice::tools {

std::optional<int> in_child(absl::FunctionRef<int()> what) {
  // Where SIGCHLD is ignored, no child can be waited for.
  const struct sigaction usual = {};
  struct sigaction before;
  sigaction(SIGCHLD, &usual, &before);
  absl::Cleanup restore = [&before] { sigaction(SIGCHLD, &before, nullptr); };

  const pid_t child = fork();
  if (child == 0) {
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);  // no core, and nobody told of one
    _exit(what());
  }
  int status = 0;
  if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) != child) return std::nullopt;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace anysplice::tools
