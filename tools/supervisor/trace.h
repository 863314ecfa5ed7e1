// The lines of `anysplice trace` for calls that are made for a program: with its numbers, addresses
// and process, as the library would write them.
//
// Thread-safe, but for start_trace().
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_TRACE_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_TRACE_H_

#include <stdint.h>
#include <sys/types.h>

#include "core/policy/mode.h"
#include "tools/supervisor/target.h"

namespace anysplice::tools {

// To be called before there are threads. False if there is to be no trace: it is the environment
// that asks for one. Where that is to be of one process only, and has the number of this one for
// it, it is of `program`.
bool start_trace(pid_t program);

// As long as this object lives the thread that made it makes that call.
class TracedFor {
 public:
  // `arguments`: six, as the program passed them.
  TracedFor(const Target& target, pid_t process, Call call, const unsigned long long* arguments);
  ~TracedFor();
  TracedFor(const TracedFor&) = delete;
  TracedFor& operator=(const TracedFor&) = delete;

  const Target& target;
  const pid_t process;
  // Source and sink; of vmsplice the pipe, twice.
  int fd[2];
  const void* at[2];
  uint64_t length = 0;  // of vmsplice, where what is passed on is cut
};

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_TRACE_H_
