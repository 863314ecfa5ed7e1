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
#include "tools/check.h"
#include "tools/injection.h"
#include "tools/options.h"

namespace anysplice::tools {

struct RunOptions {
  bool help = false;
  bool version = false;
  bool preload = true;
  bool quiet = false;
  bool fallback = false;   // also beside the library
  bool supervise = false;  // calls that are made past the library
  // LD_PRELOAD with the library, where it is supervised instead.
  std::optional<std::string> library_instead;
  // Why calls are supervised, or fail so that the program falls back (fallback.h).
  std::string falls_back_because;
  CallSet supervised;               // calls that are carried out here (supervisor/)
  CallSet refused;                  // those that are not made because the system refuses them
  std::optional<std::string> mode;  // values for ANYSPLICE_MODE and ANYSPLICE_RINGS, checked
  std::optional<std::string> rings;
  std::optional<std::string> vmsplice;
  std::optional<std::string> copy_file_range;
  CallSet block;  // none: no filter
  int block_errno = ENOSYS;
  InjectOptions inject;
  CheckOptions check;
  bool watched = false;  // for a command that is there for what is told of the calls
  bool stats = false;
  bool stats_json = false;
  std::string stats_file;           // empty: stderr
  absl::Span<char* const> command;  // the program and its arguments, at least one word unless help
                                    // or version was asked for

  // Whether something was asked for that only the library can do, or a supervisor.
  bool needs_library() const { return stats || changes_calls() || watched; }
  // Without that the program would not be what was asked for. Without figures it is.
  bool cannot_do_without() const { return changes_calls() || watched; }

 private:
  bool changes_calls() const {
    return (mode && *mode != "auto") || rings || vmsplice || copy_file_range || inject.any() ||
           check.reuse;
  }
};

extern const absl::string_view kRunHelp;

// What makes no sense in a command that is there for what the library tells of the program.
bool is_for_run_alone(const OptionSpec& option);

// The options given that need the calls seen by the library or a supervisor: "--mode, --stats".
std::string options_that_see_calls(const RunOptions& options);

// The options of another command, in addition to those of `run` that say how a program is started.
struct OwnOptions {
  absl::string_view command;  // "anysplice trace"
  absl::Span<const OptionSpec> known;
  absl::FunctionRef<absl::Status(const Option&)> apply;
};

// `own`: the words are those of another command, which itself checks whether there is a program.
absl::StatusOr<RunOptions> parse_run_options(absl::Span<char* const> words,
                                             const OwnOptions* own = nullptr);

// The same at the start of a command. If the words are wrong, reports that; if they ask for help or
// the version, prints it. In both cases returns nothing, and the command is to return *status.
std::optional<RunOptions> begin_command(absl::Span<char* const> words, absl::string_view help,
                                        const OwnOptions* own, int* status);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_RUN_OPTIONS_H_
