// Tracers of threads that wait. One that seizes and interrupts a thread (ptrace(2), `strace -p`)
// waits for it to stop; but while we carry out a call only a signal brings the thread to that, and
// such a request shows in none of the masks of signals. So the thread gets a signal that does
// nothing.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_TRACERS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_TRACERS_H_

#include <sys/types.h>

#include <map>

#include "absl/strings/string_view.h"

namespace anysplice::tools {

// Sends a signal that is ignored, neither handled nor blocked. True if the thread, which waits,
// will see one: then it is being traced, since without a tracer such a signal is dropped at once.
bool prod(pid_t thread);

// Used by one thread.
class Tracers {
 public:
  // A look at a thread that waits, and at its status: prods it if its tracer may have asked it to
  // stop, because it is new or waits for it.
  void look(pid_t thread, absl::string_view status);

 private:
  struct Seen {
    pid_t tracer = 0;
    int looks = 0;
  };
  std::map<pid_t, Seen> seen_;  // by traced thread
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_TRACERS_H_
