#include "core/sys/critical_section.h"

#include <algorithm>

#include "core/sys/last_signal.h"

namespace anysplice {

deferral::Came CriticalSection::came_before_wait() const {
  const deferral::Came deferred = came();
  sigset_t pending;
  if (!blocked_ || sys->sigpending(&pending) != 0) return deferred;
  deferral::Came all = deferred;
  for (int signal = 1; signal <= last_signal(); ++signal) {
    if (sigismember(&pending, signal) != 1 || sigismember(&mask_, signal) == 1) continue;
    struct sigaction action;
    if (sys->sigaction(signal, nullptr, &action) != 0 || action.sa_handler == SIG_DFL ||
        action.sa_handler == SIG_IGN) {
      continue;
    }
    const bool restarts = (action.sa_flags & SA_RESTART) != 0;
    all = std::max(all, restarts ? deferral::Came::kRestarts : deferral::Came::kInterrupts);
  }
  return all;
}

}  // namespace anysplice
