// futex(2), rt_tgsigqueueinfo(2).
#include "core/sys/thread.h"

#include <linux/futex.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "core/base/keep_errno.h"
#include "core/sys/sys.h"

// Of glibc from 2.32 on: false as soon as a second thread was made.
extern "C" {
extern char __libc_single_threaded [[gnu::weak]];  // NOLINT(bugprone-reserved-identifier): its name
}

namespace anysplice::thread {
namespace {

void futex(std::atomic<uint32_t>& word, int what, uint32_t value, const timespec* limit = nullptr) {
  const KeepErrno keep;
  sys->syscall(SYS_futex, reinterpret_cast<long>(&word), what, static_cast<long>(value),
               reinterpret_cast<long>(limit), 0, 0);
}

}  // namespace

Others others() {
  if (&__libc_single_threaded == nullptr) return Others::kUnknown;
  return __libc_single_threaded != 0 ? Others::kNone : Others::kSome;
}

void wait_while(std::atomic<uint32_t>& word, uint32_t value) {
  futex(word, FUTEX_WAIT_PRIVATE, value);
}
void wake_one(std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE_PRIVATE, 1); }

void wait_between_processes(std::atomic<uint32_t>& word, uint32_t value, long milliseconds) {
  const timespec limit{milliseconds / 1000, milliseconds % 1000 * 1000000};
  futex(word, FUTEX_WAIT, value, &limit);
}
void wake_between_processes(std::atomic<uint32_t>& word) { futex(word, FUTEX_WAKE, 1); }

// libc writes the number that it remembers into a mutex, without a system call.
bool is_libcs() {
#ifdef __GLIBC__
  pthread_mutex_t mutex = PTHREAD_ERRORCHECK_MUTEX_INITIALIZER_NP;
  if (pthread_mutex_lock(&mutex) != 0) return false;
  const int owner = mutex.__data.__owner;
  pthread_mutex_unlock(&mutex);
  const KeepErrno keep;
  return owner == sys->syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
#else
  return false;
#endif
}

// A thread may send itself any signal with any siginfo.
bool send(int signal, const siginfo_t& info) {
  const long self = sys->syscall(SYS_gettid, 0, 0, 0, 0, 0, 0);
  return sys->syscall(SYS_rt_tgsigqueueinfo, sys->getpid(), self, signal,
                      reinterpret_cast<long>(&info), 0, 0) == 0;
}

void raise_as_kernel(int signal) {
  const KeepErrno keep;
  siginfo_t info{};
  info.si_signo = signal;
  info.si_code = SI_USER;
  info.si_pid = sys->getpid();
  info.si_uid = getuid();
  if (!send(signal, info)) sys->raise(signal);
}

}  // namespace anysplice::thread
