// The `anysplice` command.

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice COMMAND [OPTION]...

Gives programs splice, tee, vmsplice and sendfile on systems that lack or
refuse them.

Commands:
  run       run a program with the calls provided
  trace     run a program and print each of its calls
  top       watch what anysplice does for a program while it runs
  inject    change what is injected into a running program
  explore   find the failures of these calls that a test does not survive
  conform   compare these calls with what Linux does
  doctor    show what this system offers, and what anysplice does about it
  profile   print what switches the kernel's calls off for a service
  bench     compare the speed of anysplice with the kernel's

  --help, --version

Each command has its own --help. Try:
  anysplice doctor
  anysplice run --block --stats -- PROGRAM [ARGUMENT]...
)";

constexpr OptionSpec kOptions[] = {{"--help"}, {"--version"}};

int dispatch(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words(words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  if (parsed->rest.empty()) {
    return report(absl::InvalidArgumentError("no command given; try 'anysplice --help'"));
  }
  const absl::string_view command = parsed->rest[0];
  const absl::Span<char* const> rest = parsed->rest.subspan(1);
  if (command == "run") return run_command(rest);
  if (command == "trace") return trace_command(rest);
  if (command == "top") return top_command(rest);
  if (command == "inject") return inject_command(rest);
  if (command == "explore") return explore_command(rest);
  if (command == "conform") return conform_command(rest);
  if (command == "doctor") return doctor_command(rest);
  if (command == "profile") return profile_command(rest);
  if (command == "bench") return bench_command(rest);
  return report(absl::InvalidArgumentError(absl::StrCat(
      "unknown command '", command,
      "'; the commands are run, trace, top, inject, explore, conform, doctor, profile, bench")));
}

}  // namespace

}  // namespace anysplice::tools

int main(int argc, char** argv) {
  // argc is 0 when a program was executed with no arguments at all.
  const int skip = argc > 0 ? 1 : 0;
  return anysplice::tools::dispatch(
      absl::MakeConstSpan(argv + skip, static_cast<size_t>(argc - skip)));
}
