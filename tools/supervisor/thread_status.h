// What /proc tells of a thread of another process. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_

#include <sys/types.h>

#include <map>
#include <string>

namespace anysplice::tools {

// What a thread has of signals that it does not block.
enum class Signals {
  kNone,
  kPending,  // it will see one as soon as it looks
  kPerhaps,  // there is one that another thread may take, or the process is being stopped
};

// One look at any number of threads, by one thread. Whether a process is being stopped is found out
// once: that asks for all its threads.
class SignalLook {
 public:
  Signals of(pid_t thread);

 private:
  std::map<pid_t, bool> stopping_;  // by process
};

// Users, groups, capabilities and where they count: what the kernel asks for when a call is made,
// not when the descriptor was opened. Empty if it cannot be known.
std::string rights_of(pid_t thread);
// Whether it has all namespaces that this process has.
bool has_our_namespaces(pid_t thread);

// The process that a thread is of, and the parent of that; 0 if there is no such thread.
struct Relatives {
  pid_t process;
  pid_t parent;
};
Relatives relatives_of(pid_t thread);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
