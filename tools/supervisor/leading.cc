// How the threads of the service come to their calls.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>

#include <optional>

#include "tools/supervisor/call.h"
#include "tools/supervisor/service.h"

namespace anysplice::tools {
namespace {

constexpr int kSpare = 4;  // threads that are kept for further calls

}  // namespace

// Goes on with the lead until a call has it given up.
void Service::lead_and_work() {
  for (;;) {
    lead_.take();
    while (Lead::is_mine()) {
      seccomp_notif call;
      // Whoever got a call needs a successor; without one it answers what it can at once.
      for (;;) {
        if (!receive(&call)) return Lead::give_up();
        if (lead_.followers() > 0 || spawn(work)) break;
        const int error = errno;
        if (const std::optional<Call> which = call_of(call.data)) {
          not_possible(call, *which, strerror(error));
        } else {
          serve(call);
        }
        --in_hand_;
      }
      lead_.got_call_of(static_cast<pid_t>(call.pid), in_hand_ == 1);
      serve(call);
      --in_hand_;
    }
    if (lead_.followers() > kSpare) return;
  }
}

// False once there is nobody left who could call.
bool Service::receive(seccomp_notif* call) {
  for (;;) {
    pollfd watched[] = {{setup_.listener, POLLIN, 0}, {stop_, POLLIN, 0}};
    const pollfd& listener = watched[0];
    if (poll(watched, 2, -1) < 0 && errno != EINTR) return false;
    if (stopping_) return false;
    if ((listener.revents & POLLIN) == 0) {
      if ((listener.revents & (POLLHUP | POLLERR)) != 0) return false;
      continue;
    }
    memset(call, 0, sizeof(*call));
    ++in_hand_;
    if (ioctl(setup_.listener, SECCOMP_IOCTL_NOTIF_RECV, call) == 0) return true;
    --in_hand_;
    // It was interrupted before we came to it, and will come again.
  }
}

}  // namespace anysplice::tools
