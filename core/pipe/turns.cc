#include "core/pipe/turns.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/base/sync_point.h"
#include "core/sys/memory.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice::turns {
namespace {

// How long somebody else's turn is waited for: they are over in microseconds, unless their owner
// was killed, was stopped, or lies.
constexpr long kPatienceMs = 100;
// And how long at a time, before it is asked whether there still is such a process.
constexpr long kLookMs = 5;
// So many vain waits, and this process does without.
constexpr int kMostVainWaits = 8;
constexpr uint32_t kWaiters = 1u << 31;

std::atomic<Shared*> page;
std::atomic<int> vain_waits;
const std::atomic<uint32_t> never{0};

// What is known of the threads of this process, and made of what others say.
ANYSPLICE_SELDOM std::atomic<int> readers[kPipeKeys];
ANYSPLICE_SELDOM std::atomic<int> lost[kPipeKeys];
ANYSPLICE_SELDOM std::atomic<int> lost_elsewhere[kPipeKeys];
ANYSPLICE_SELDOM std::atomic<bool> taken[kPipeKeys];

// A turn's word: the process in the lower bits, so that one that was killed need not be waited for,
// and what tells its threads apart above them.
constexpr int kProcessBits = 22;  // as many as Linux gives (pid_max, proc(5))
std::atomic<uint32_t> this_process;
// Related processes may have numbers of another PID namespace (pid_namespaces(7)).
std::atomic<bool> other_namespaces;

Shared* get() { return page.load(std::memory_order_acquire); }

long now_ms() {
  timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint32_t own_token() {
  return this_process.load(std::memory_order_relaxed) |
         (thread::number() << kProcessBits & ~kWaiters);
}

// Whether a turn's owner is no more. It may be a child that nobody has waited for yet; a process of
// which it cannot be known counts as alive. That a number was made up, or is another's by now, does
// no harm: it is only asked about.
bool is_gone(uint32_t token) {
  const auto process = static_cast<pid_t>(token & ((1u << kProcessBits) - 1));
  if (process == 0 || other_namespaces.load(std::memory_order_relaxed)) return false;
  if (sys->kill(process, 0) != 0 && errno == ESRCH) return true;
  siginfo_t info{};
  return sys->waitid(P_PID, static_cast<id_t>(process), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == process;
}

}  // namespace

std::atomic<const std::atomic<uint32_t>*> in_use_at{&never};
std::atomic<bool> begun_here;

void share_with_children() {
  if (get() != nullptr || vain_waits.load(std::memory_order_relaxed) >= kMostVainWaits) return;
  auto* const fresh = static_cast<Shared*>(map_memory(sizeof(Shared), Sharing::kRelated));
  if (fresh == nullptr) return;
  Shared* none = nullptr;
  if (!page.compare_exchange_strong(none, fresh)) {
    unmap_memory(fresh, sizeof(Shared));
    return;
  }
  this_process.store(static_cast<uint32_t>(sys->getpid()));
  for (uint32_t key = 0; key < kPipeKeys; ++key) {
    if (!taken[key].load(std::memory_order_relaxed)) continue;
    fresh->turn[key].taken.store(1);
    fresh->in_use.store(1);
  }
  in_use_at.store(&fresh->in_use, std::memory_order_release);
}

void note_namespace() { other_namespaces.store(true, std::memory_order_relaxed); }

void leave() {
  note_namespace();  // perhaps that is why
  in_use_at.store(&never, std::memory_order_release);
  Shared* const left = page.exchange(nullptr);
  // Another thread may be at it still.
  if (left != nullptr) replace_by_private(left, sizeof(Shared));
}

bool shared() { return get() != nullptr; }

uint32_t enter(PipeKey key) {
  Shared* const at = get();
  if (at == nullptr) return 0;
  std::atomic<uint32_t>& owner = at->turn[key].owner;
  const uint32_t token = own_token();
  uint32_t seen = 0;
  if (owner.compare_exchange_strong(seen, token, std::memory_order_acquire)) return token;
  // Others may wait from now on, whatever is written there meanwhile.
  const KeepErrno keep;
  uint32_t waited_for = 0;
  for (const long end = now_ms() + kPatienceMs; now_ms() < end;) {
    if (seen == 0 || (seen == waited_for && is_gone(seen))) {
      if (owner.compare_exchange_strong(seen, token | kWaiters, std::memory_order_acquire)) {
        return token;
      }
    } else if ((seen & kWaiters) != 0 || owner.compare_exchange_strong(seen, seen | kWaiters)) {
      waited_for = seen | kWaiters;
      thread::wait_between_processes(owner, waited_for, kLookMs);
      seen = owner.load(std::memory_order_relaxed);
    }
  }
  waited_in_vain();
  owner.store(token | kWaiters, std::memory_order_relaxed);
  return token;
}

void exit(PipeKey key, uint32_t token) {
  Shared* const at = get();
  if (at == nullptr || token == 0) return;
  std::atomic<uint32_t>& owner = at->turn[key].owner;
  uint32_t seen = owner.load(std::memory_order_relaxed);
  // Somebody may have lost patience, and have it now.
  if ((seen & ~kWaiters) != token) return;
  if (!owner.compare_exchange_strong(seen, 0, std::memory_order_release)) {
    if ((seen & ~kWaiters) != token) return;
    owner.store(0, std::memory_order_release);
  }
  if ((seen & kWaiters) != 0) thread::wake_between_processes(owner);
  sync_point();
}

ReadersInFlight readers_here(PipeKey key) { return {readers[key], lost[key]}; }

ReadersInFlight readers_elsewhere(PipeKey key) {
  Shared* const at = get();
  // Left a moment ago: those of this process are looked at twice.
  if (at == nullptr) return readers_here(key);
  return {at->turn[key].readers, lost_elsewhere[key]};
}

void waited_in_vain() {
  if (vain_waits.fetch_add(1, std::memory_order_relaxed) + 1 >= kMostVainWaits) leave();
}

void begin(PipeKey key) {
  begun_here.store(true);
  taken[key].store(true);
  if (Shared* const at = get(); at != nullptr && at->turn[key].taken.load() == 0) {
    at->in_use.store(1);
    at->turn[key].taken.store(1);
  }
}

bool begun(PipeKey key) {
  if (taken[key].load()) return true;
  Shared* const at = get();
  return at != nullptr && at->turn[key].taken.load() != 0;
}

void forget_threads() {
  if (shared()) {
    this_process.store(static_cast<uint32_t>(sys->getpid()));
    if (getppid() == 0) note_namespace();
  }
  ReaderInFlight::fork_generation.fetch_add(1);
  for (uint32_t key = 0; key < kPipeKeys; ++key) {
    readers[key].store(0, std::memory_order_relaxed);
    lost[key].store(0, std::memory_order_relaxed);
  }
}

}  // namespace anysplice::turns
