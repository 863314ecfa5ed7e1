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

}  // namespace anysplice::fault_guard
