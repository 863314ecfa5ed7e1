// What /proc tells of a thread of another process. Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_

#include <stdint.h>
#include <sys/types.h>

#include <map>
#include <string>

#include "absl/strings/string_view.h"

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
  Signals in(absl::string_view status);  // the text of its status file

 private:
  std::map<pid_t, bool> stopping_;  // by process
};

// Whether a thread of the process has stopped, as the others then have to.
bool is_stopping(pid_t process);

// The text of a file of /proc; empty if there is none.
std::string text_of(const std::string& path);
std::string status_of(pid_t thread);
// The value behind "NAME:\t" in the text of a status file.
absl::string_view status_value(absl::string_view status, absl::string_view name);
// The same as a number; 0 if there is none.
uint64_t status_number(absl::string_view status, absl::string_view name, int base);

// Whether it has all namespaces that this process has.
bool has_our_namespaces(pid_t thread);

// The process that a thread is of, and the parent of that; 0 if there is no such thread.
struct Relatives {
  pid_t process;
  pid_t parent;
};
Relatives relatives_of(pid_t thread);
Relatives relatives_in(absl::string_view status);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_THREAD_STATUS_H_
