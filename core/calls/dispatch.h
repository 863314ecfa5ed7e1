// Who answers a call of the family: the kernel, the engine, or nobody (mode.h).
#ifndef ANYSPLICE_CORE_CALLS_DISPATCH_H_
#define ANYSPLICE_CORE_CALLS_DISPATCH_H_

#include <errno.h>
#include <pthread.h>

#include <initializer_list>

#include "core/base/keep_errno.h"
#include "core/pipe/arena.h"
#include "core/pipe/pipe_table.h"
#include "core/policy/mode.h"
#include "core/sys/sys.h"
#include "core/telemetry/counters.h"

namespace anysplice {

// Whether the engine has bytes of the pipe behind one of these descriptors, so that only it can
// carry a transfer from or to it.
bool engine_has_bytes(std::initializer_list<int> fds);

inline ssize_t answered(Counter& calls, Counter& bytes, ssize_t result) {
  count(calls);
  if (result > 0) count(bytes, static_cast<uint64_t>(result));
  return result;
}

// native: the kernel's call, libc's convention. engine: ours, bytes or -errno. by: left alone if
// nobody answers.
template <typename Native, typename Engine>
ssize_t dispatch(Call call, std::initializer_list<int> fds, AnsweredBy& by, Native native,
                 Engine engine) {
  CallCounters& counters = stats->call[static_cast<size_t>(call)];
  const int kept = errno;
  if (mode() == Mode::kAbsent) {
    errno = absent_errno();
    return -1;
  }
  if (ask_kernel_first(call) && !engine_has_bytes(fds)) {
    const ssize_t n = native();
    if (n >= 0 || mode() == Mode::kNative || !kernel_declined(call, errno)) {
      by = AnsweredBy::kKernel;
      return answered(counters.native_calls, counters.native_bytes, n);
    }
  }
  by = AnsweredBy::kCopy;
  if (call != Call::kSendfile) pthread_testcancel();  // as in libc
  const ssize_t n = engine();
  answered(counters.engine_calls, counters.engine_bytes, n);
  return answer(n, kept);
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_DISPATCH_H_
