// Starting a program with the library in front: what the commands that run one have in common.
#ifndef ANYSPLICE_TOOLS_LAUNCH_H_
#define ANYSPLICE_TOOLS_LAUNCH_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "tools/run_options.h"

namespace anysplice::tools {

// Finds the program and prepares the environment for it. Returns its path. If no library can be
// loaded into it, the options say afterwards what is to be done instead.
absl::StatusOr<std::string> prepare(RunOptions* options);

// Becomes the program; returns an exit status only if that fails.
int become(const RunOptions& options, const std::string& program);
// The same without a filter, or anything else that makes up for the library.
int execute(const RunOptions& options, const std::string& program);

// Nothing can be known of the calls. The options ask for no figures afterwards, and that is told:
// with what is done instead, or at once if that is not to be told.
void do_without_statistics(RunOptions* options);

// Where reports go: a descriptor for writing the file, or stderr if it has no name.
absl::StatusOr<int> open_output(const std::string& file);
bool write_all(int fd, absl::string_view text);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_LAUNCH_H_
