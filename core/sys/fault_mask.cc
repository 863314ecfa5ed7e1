#include "core/sys/fault_mask.h"

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice::fault_mask {
namespace {

bool has_either(const sigset_t& set) {
  return sigismember(&set, SIGSEGV) == 1 || sigismember(&set, SIGBUS) == 1;
}

}  // namespace

void changed(int how, const sigset_t* set) {
  if (how == SIG_UNBLOCK || set == nullptr || !has_either(*set)) return;
  may_block();
}

void blocks_mask(int mask) {
  if ((mask & (1 << (SIGSEGV - 1) | 1 << (SIGBUS - 1))) != 0) may_block();
}

void blocks_signal(int signal) {
  if (signal == SIGSEGV || signal == SIGBUS) may_block();
}

bool look() {
  const KeepErrno keep;
  Known now = known.load(std::memory_order_relaxed);
  sigset_t mask;
  if (sys->pthread_sigmask(SIG_BLOCK, nullptr, &mask) != 0 || has_either(mask)) {
    may_block();
    return false;
  }
  // (Unless a handler has come in between, after which it is what it should be.)
  if (now == Known::kAskAlways) return true;
  const bool inherited = now == Known::kNothing && anybody_blocked.load(std::memory_order_relaxed);
  known.compare_exchange_strong(now, inherited ? Known::kAskAlways : Known::kOpen,
                                std::memory_order_relaxed);
  return true;
}

}  // namespace anysplice::fault_mask
