// What /proc tells of a thread of another process. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_

#include <sys/types.h>

namespace anysplice::tools {

// What a thread has of signals that it does not block.
enum class Signals {
  kNone,
  kPending,  // it will see one as soon as it looks
  kPerhaps,  // there is one that another thread may take, or the process is being stopped
};
Signals signals_of(pid_t thread);

// The process that a thread is of, and the parent of that; 0 if there is no such thread.
struct Family {
  pid_t process;
  pid_t parent;
};
Family family_of(pid_t thread);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
