// Running a program of which something is to be told, or for which something is to be done: with
// the library in it, or supervised from here.
//
// For a process with one thread.
#ifndef ANYSPLICE_TOOLS_SUPERVISOR_RUN_PROGRAM_H_
#define ANYSPLICE_TOOLS_SUPERVISOR_RUN_PROGRAM_H_

#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "tools/run_options.h"
#include "tools/supervise.h"

namespace anysplice::tools {

// As run_child(). The environment must be complete: the supervisor takes its settings from there,
// as the library does. `seen`: becomes false if nothing is known of the program's calls, because it
// could not be supervised.
absl::StatusOr<int> run_program(const RunOptions& options, const std::string& program,
                                std::optional<Tick> tick = std::nullopt, bool* seen = nullptr);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISOR_RUN_PROGRAM_H_
