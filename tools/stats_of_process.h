// The block of counters of a process that is already running.
#ifndef ANYSPLICE_TOOLS_STATS_OF_PROCESS_H_
#define ANYSPLICE_TOOLS_STATS_OF_PROCESS_H_

#include <sys/types.h>

#include "absl/status/statusor.h"
#include "core/telemetry/counters.h"

namespace anysplice::tools {

// Maps, for reading, the file that the process has mapped as its counters; it stays mapped. A
// process shows it in /proc/PID/maps, so that it makes no difference how it came to have it.
absl::StatusOr<const Stats*> stats_of_process(pid_t pid);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_STATS_OF_PROCESS_H_
