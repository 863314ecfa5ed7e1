// The options of `anysplice run`.
#ifndef ANYSPLICE_TOOLS_RUN_OPTIONS_H_
#define ANYSPLICE_TOOLS_RUN_OPTIONS_H_

#include <errno.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/block.h"
#include "tools/injection.h"
#include "tools/options.h"

namespace anysplice::tools {

struct RunOptions {
  bool help = false;
  bool version = false;
  bool preload = true;
  std::optional<std::string> mode;  // values for ANYSPLICE_MODE and ANYSPLICE_RINGS, checked
  std::optional<std::string> rings;
  CallSet block;  // none: no filter
  int block_errno = ENOSYS;
  InjectOptions inject;
  bool stats = false;
  bool stats_json = false;
  std::string stats_file;           // empty: stderr
  absl::Span<char* const> command;  // the program and its arguments, at least one word unless help
                                    // or version was asked for
};

extern const absl::string_view kRunHelp;

// The options that another command has besides those of `run` that say how a program is started.
struct OwnOptions {
  absl::Span<const OptionSpec> known;
  absl::FunctionRef<absl::Status(const Option&)> apply;
};

// `own`: the words are those of another command, which checks itself whether there is a program.
absl::StatusOr<RunOptions> parse_run_options(absl::Span<char* const> words,
                                             const OwnOptions* own = nullptr);

// The same for a command as it starts: nothing if that is all, and *status is to be returned. The
// words are wrong, which is reported then, or ask for help or the version, which is printed.
std::optional<RunOptions> begin_command(absl::Span<char* const> words, absl::string_view help,
                                        const OwnOptions* own, int* status);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_RUN_OPTIONS_H_
