// Processes into which the library is loaded, of which a call reaches this command because it was
// made past the library. Bytes of its pipes that the library keeps have to be settled first, by
// that process (core/sys/supervisor.h).
//
// Not thread-safe: guarded by whoever has it.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_PRELOADED_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_PRELOADED_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <map>

namespace anysplice::tools {

class Preloaded {
 public:
  // The threads named are ones that wait for the answer to a call.

  // The library of that thread's process is about to keep bytes, and has told where its record is.
  // `in_call`: whether a call of that process is being carried out. The answer for it.
  long introduce(pid_t thread, uint64_t record, bool in_call);

  enum class Next {
    kCarryOut,
    kAgain,  // the thread was asked to settle, and is to make the call again afterwards
    kRefuse  // it cannot be asked
  };
  // Before a call of that thread is carried out. `mark`: by which the library knows our signal.
  Next before_call(pid_t thread, uint64_t mark);

 private:
  struct Process {
    uint64_t record = 0;  // its address
    uint64_t name = 0;    // what must be there
    bool keeps = false;
    std::map<pid_t, int> asked;  // threads, and how often
  };

  void forget_gone();

  size_t enough_ = 64;  // processes, before those that are gone are forgotten
  std::map<pid_t, Process> processes_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_PRELOADED_H_
