#include "tools/supervisor/preloaded.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <iterator>

#include "core/sys/supervisor.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

// A signal of the same number, which was on its way to that thread already, hides ours. So it is
// asked more than once.
constexpr int kMostAsked = 8;

struct Seen {
  uint64_t name;
  uint64_t settled;
};
static_assert(sizeof(Seen) == sizeof(supervisor::Record));

bool read_record(pid_t thread, uint64_t address, Seen* seen) {
  const iovec here{seen, sizeof(*seen)};
  const iovec there{reinterpret_cast<void*>(address), sizeof(*seen)};
  return process_vm_readv(thread, &here, 1, &there, 1, 0) == sizeof(*seen);
}

// Has the thread's handler run before it goes on. False if it would not: it blocks the signal, or
// there is no handler.
bool interrupt(pid_t process, pid_t thread, uint64_t mark) {
  siginfo_t info;
  memset(&info, 0, sizeof(info));
  info.si_signo = SIGURG;
  info.si_code = SI_QUEUE;
  info.si_pid = getpid();
  info.si_uid = getuid();
  info.si_value.sival_int = static_cast<int>(mark);
  return syscall(SYS_rt_tgsigqueueinfo, process, thread, SIGURG, &info) == 0 &&
         SignalLook().of(thread) == Signals::kPending;
}

}  // namespace

void Preloaded::forget_gone() {
  if (processes_.size() < enough_) return;
  for (auto at = processes_.begin(); at != processes_.end();) {
    const bool gone = kill(at->first, 0) != 0 && errno == ESRCH;
    at = gone ? processes_.erase(at) : std::next(at);
  }
  enough_ = 2 * processes_.size() + 64;
}

long Preloaded::introduce(pid_t thread, uint64_t record, bool in_call) {
  const pid_t process = relatives_of(thread).process;
  Seen seen;
  if (process == 0 || !read_record(thread, record, &seen)) return supervisor::kKeepNothing;
  const auto known = processes_.find(process);
  if (known == processes_.end() || known->second.record != record ||
      known->second.name != seen.name) {
    forget_gone();
    processes_[process] = {.record = record, .name = seen.name, .keeps = !in_call, .asked = {}};
  }
  return processes_[process].keeps ? supervisor::kMayKeep : supervisor::kKeepNothing;
}

Preloaded::Next Preloaded::before_call(pid_t thread, uint64_t mark) {
  if (processes_.empty()) return Next::kCarryOut;
  const pid_t process = relatives_of(thread).process;
  const auto known = processes_.find(process);
  if (known == processes_.end() || !known->second.keeps) return Next::kCarryOut;
  Seen seen;
  if (!read_record(thread, known->second.record, &seen) || seen.name != known->second.name) {
    processes_.erase(known);  // it runs another program by now
    return Next::kCarryOut;
  }
  if (seen.settled != 0) {
    known->second.keeps = false;
    return Next::kCarryOut;
  }
  if (++known->second.asked[thread] > kMostAsked) return Next::kRefuse;
  return interrupt(process, thread, mark) ? Next::kAgain : Next::kRefuse;
}

}  // namespace anysplice::tools
