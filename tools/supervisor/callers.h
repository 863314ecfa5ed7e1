// The threads whose calls are carried out, told apart as the library tells its own apart: by names
// that are the same in every run (anysplice-inject(7)).
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_CALLERS_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_CALLERS_H_

#include <sys/types.h>

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

#include "core/api/for_others.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {

class Callers {
 public:
  // `child`: the process that began as the program, of which that is the path.
  Callers(pid_t child, std::string program) : child_(child), program_(std::move(program)) {}

  struct Found {
    std::shared_ptr<Caller> caller;  // null if it is gone
    pid_t process = 0;
  };
  // Who that thread of these is. Only to be asked of one that waits for the answer to a call.
  Found find(pid_t thread, const Relatives& relatives);

 private:
  struct Process {
    std::string program;
    Caller name;           // of its threads
    uint32_t threads = 0;  // but the first
    uint32_t children = 0;
    std::map<pid_t, std::shared_ptr<Caller>> caller;
  };

  bool is_program(pid_t process) const;
  Process& process_of_thread(pid_t thread, pid_t process, pid_t parent);

  void forget_gone();

  const pid_t child_;
  const std::string program_;
  std::mutex mutex_;
  size_t enough_ = 64;  // processes, before those that are gone are forgotten
  bool first_ = false;  // has been seen
  std::map<pid_t, std::unique_ptr<Process>> processes_;
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_CALLERS_H_
