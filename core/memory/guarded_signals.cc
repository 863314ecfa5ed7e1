#include "core/memory/guarded_signals.h"

#include <string.h>

#include "core/memory/fault_guard.h"
#include "core/memory/user_memory.h"

namespace anysplice::fault_guard {

bool on_sigaction(int signal, const struct sigaction* wanted, struct sigaction* current) {
  if (!guards(signal)) return false;
  if (wanted != nullptr) {
    uninstall();
    return false;
  }
  if (current == nullptr || check_readable(current, sizeof(*current)) != 0) return false;
  memset(current, 0, sizeof(*current));
  current->sa_handler = SIG_DFL;
  return true;
}

void on_sigmask(int how, const sigset_t* set) {
  if (how == SIG_UNBLOCK || set == nullptr) return;
  if (sigismember(set, SIGSEGV) == 1 || sigismember(set, SIGBUS) == 1) step_aside();
}

}  // namespace anysplice::fault_guard
