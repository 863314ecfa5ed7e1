// The subcommands. Each gets the words after its name and returns an exit status.
#ifndef ANYSPLICE_TOOLS_COMMANDS_H_
#define ANYSPLICE_TOOLS_COMMANDS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/options.h"

namespace anysplice::tools {

int run_command(absl::Span<char* const> words);
int trace_command(absl::Span<char* const> words);
int top_command(absl::Span<char* const> words);
int inject_command(absl::Span<char* const> words);
int explore_command(absl::Span<char* const> words);
int conform_command(absl::Span<char* const> words);
int doctor_command(absl::Span<char* const> words);
int demo_command(absl::Span<char* const> words);
int profile_command(absl::Span<char* const> words);
int bench_command(absl::Span<char* const> words);
int completion_command(absl::Span<char* const> words);

// Their own options.
absl::Span<const OptionSpec> run_options();
absl::Span<const OptionSpec> trace_options();
absl::Span<const OptionSpec> top_options();
absl::Span<const OptionSpec> inject_options();
absl::Span<const OptionSpec> explore_options();
absl::Span<const OptionSpec> conform_options();
absl::Span<const OptionSpec> doctor_options();
absl::Span<const OptionSpec> demo_options();
absl::Span<const OptionSpec> profile_options();
absl::Span<const OptionSpec> bench_options();
absl::Span<const OptionSpec> completion_options();

enum class Runs {
  kNothing,
  kProgram,   // whose words follow the options
  kObserved,  // the same, and the options of `run` are taken as well, but for those of its own
};

struct Command {
  absl::string_view name;
  absl::string_view summary;
  int (*function)(absl::Span<char* const> words);
  absl::Span<const OptionSpec> (*options)();
  Runs runs = Runs::kNothing;
};

// All of them, in the order in which they are shown.
absl::Span<const Command> commands();

// Answers --version.
int print_version();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_COMMANDS_H_
