#include "tools/supervisor/reply.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>

#include "tools/supervisor/tracers.h"

namespace anysplice::tools {
namespace {

// What a call of the kernel's own returns when a signal ends its wait. The thread never sees it, if
// it looks at its signals before it goes on; else it would.
constexpr int kRestart = 512;

bool send(int listener, seccomp_notif_resp response) {
  int n;
  do {
    n = ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &response);
  } while (n != 0 && errno == EINTR);
  return n == 0;
}

bool send_restart(int listener, uint64_t id) {
  return send(listener, {.id = id, .val = 0, .error = -kRestart, .flags = 0});
}

// After a thread was told to stop for us.
void release(pid_t thread, pid_t child) {
  constexpr timespec kMoment{0, 50'000};
  while (ptrace(PTRACE_DETACH, thread, nullptr, nullptr) != 0) {
    siginfo_t info{};
    const int how = WEXITED | WNOHANG | __WALL | (thread == child ? WNOWAIT : 0);
    if (errno != ESRCH || waitid(P_PID, static_cast<id_t>(thread), &info, how) != 0 ||
        info.si_pid == thread) {
      return;  // it has ended
    }
    nanosleep(&kMoment, nullptr);
  }
}

}  // namespace

void reply(int listener, uint64_t id, long result) {
  seccomp_notif_resp response{.id = id, .val = 0, .error = 0, .flags = 0};
  if (result < 0) {
    response.error = static_cast<int>(result);
  } else {
    response.val = result;
  }
  send(listener, response);
}

void let_kernel_make_it(int listener, uint64_t id) {
  send(listener, {.id = id, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

void reply_for_signal(int listener, uint64_t id, pid_t thread, Signals signals, pid_t child) {
  if (signals == Signals::kPending) {
    send_restart(listener, id);
    return;
  }
  // Whether the signal is for this thread only the kernel knows. A request to stop has it look at
  // its signals for certain.
  if (ptrace(PTRACE_SEIZE, thread, nullptr, nullptr) != 0) {
    // Most likely it has another tracer.
    if (prod(thread)) {
      send_restart(listener, id);
    } else {
      reply(listener, id, -EINTR);
    }
    return;
  }
  if (ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr) == 0) {
    send_restart(listener, id);
  } else {
    reply(listener, id, -EINTR);
  }
  release(thread, child);
}

}  // namespace anysplice::tools
