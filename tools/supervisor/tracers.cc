#include "tools/supervisor/tracers.h"

#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

// Those that have come since are told apart by more looks than one: what a tracer does first is to
// seize, and then to interrupt.
constexpr int kLooks = 2;
// Then threads that have gone are forgotten, with the others.
constexpr size_t kMostSeen = 4096;

uint64_t bit(int signal) { return uint64_t{1} << (signal - 1); }

// Whether the tracer waits for this very thread, as it does to let go of it; else it waits for any.
bool waits_for(pid_t tracer, pid_t thread) {
  const std::string call = text_of(absl::StrCat("/proc/", tracer, "/syscall"));
  long number = -1;
  unsigned long first = 0, second = 0;
  if (sscanf(call.c_str(), "%ld %lx %lx", &number, &first, &second) != 3) return false;
  const auto id = static_cast<unsigned long>(thread);
  return (number == SYS_wait4 && static_cast<uint32_t>(first) == id) ||
         (number == SYS_waitid && first == P_PID && static_cast<uint32_t>(second) == id);
}

// Whether SIGCONT would do something: its process stops, or is about to.
bool would_continue(absl::string_view status) {
  const uint64_t pending =
      status_number(status, "SigPnd", 16) | status_number(status, "ShdPnd", 16);
  const uint64_t stops = bit(SIGSTOP) | bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);
  return (pending & stops) != 0 ||
         is_stopping(static_cast<pid_t>(status_number(status, "Tgid", 10)));
}

}  // namespace

bool prod(pid_t thread) {
  const std::string status = status_of(thread);
  uint64_t not_for_us = status_number(status, "SigBlk", 16) | status_number(status, "SigCgt", 16);
  if (would_continue(status)) not_for_us |= bit(SIGCONT);
  for (const int signal : {SIGURG, SIGWINCH, SIGCONT}) {
    if ((not_for_us & bit(signal)) != 0) continue;
    return syscall(SYS_tkill, thread, signal) == 0 &&
           (status_number(status_of(thread), "SigPnd", 16) & bit(signal)) != 0;
  }
  return false;
}

void Tracers::look(pid_t thread, absl::string_view status) {
  const auto tracer = static_cast<pid_t>(status_number(status, "TracerPid", 10));
  if (tracer == 0) {
    if (!seen_.empty()) seen_.erase(thread);
    return;
  }
  if (seen_.size() == kMostSeen) seen_.clear();
  Seen& seen = seen_[thread];
  if (seen.tracer != tracer) seen = {.tracer = tracer, .looks = 0};
  if (seen.looks < kLooks) {
    if (++seen.looks < kLooks) return;
  } else if (!waits_for(tracer, thread)) {
    return;
  }
  prod(thread);
}

}  // namespace anysplice::tools
