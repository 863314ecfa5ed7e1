// The subcommands. Each gets the words after its name and returns an exit status.
#ifndef ANYSPLICE_TOOLS_COMMANDS_H_
#define ANYSPLICE_TOOLS_COMMANDS_H_

#include "absl/types/span.h"

namespace anysplice::tools {

int run_command(absl::Span<char* const> words);
int trace_command(absl::Span<char* const> words);
int top_command(absl::Span<char* const> words);
int inject_command(absl::Span<char* const> words);
int explore_command(absl::Span<char* const> words);
int conform_command(absl::Span<char* const> words);
int doctor_command(absl::Span<char* const> words);
int profile_command(absl::Span<char* const> words);
int bench_command(absl::Span<char* const> words);

// Answers --version.
int print_version();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_COMMANDS_H_
