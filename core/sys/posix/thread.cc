// POSIX has nothing that may be waited for where a signal handler could be running: neither mutexes
// nor condition variables. What is waited for here is over in microseconds, so short sleeps do.
#include "core/sys/thread.h"

#include <time.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

namespace anysplice::thread {

Others others() { return Others::kUnknown; }
bool is_libcs() { return false; }

void wait_while(std::atomic<uint32_t>& word, uint32_t value) {
  const KeepErrno keep;
  constexpr long kLongest = 1'000'000;
  for (long nanoseconds = 20'000; word.load(std::memory_order_acquire) == value;
       nanoseconds = nanoseconds < kLongest ? 2 * nanoseconds : kLongest) {
    const timespec pause{0, nanoseconds};
    if (sys->pselect(0, nullptr, nullptr, nullptr, &pause, nullptr) != 0) return;
  }
}

void wake_one(std::atomic<uint32_t>&) {}

void wait_between_processes(std::atomic<uint32_t>& word, uint32_t value, long) {
  if (word.load(std::memory_order_acquire) != value) return;
  const KeepErrno keep;
  const timespec pause{0, 100'000};
  sys->pselect(0, nullptr, nullptr, nullptr, &pause, nullptr);
}
void wake_between_processes(std::atomic<uint32_t>&) {}

bool send(int, const siginfo_t&) { return false; }
void raise_as_kernel(int signal) { sys->raise(signal); }

}  // namespace anysplice::thread
