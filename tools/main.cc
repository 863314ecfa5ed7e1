// The `anysplice` command.

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kBefore =
    R"(Usage: anysplice COMMAND [OPTION]...

Gives programs splice, tee, vmsplice and sendfile on systems that lack or
refuse them. For example:

  anysplice doctor                              see what works on this system
  anysplice run -- PROGRAM [ARGUMENT]...        help a program
  anysplice run --block --stats -- PROGRAM...   refuse it the kernel's calls and
                                                see who moves the bytes
  anysplice demo                                watch real programs

Commands:
)";

constexpr absl::string_view kAfter = R"(
  --help, --version

Each command has its own --help; see also anysplice(1).
)";

constexpr OptionSpec kOptions[] = {{"--help"}, {"--version"}};

std::string help() {
  std::string text(kBefore);
  for (const Command& command : commands()) {
    absl::StrAppendFormat(&text, "  %-11s %s\n", command.name, command.summary);
  }
  return absl::StrCat(text, kAfter);
}

int dispatch(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(help());
  if (parsed->has("--version") && parsed->rest.empty()) return print_version();
  if (parsed->has("--version")) {
    return report(absl::InvalidArgumentError(
        absl::StrCat("--version takes no argument, but was given '", parsed->rest[0], "'")));
  }
  if (parsed->rest.empty()) {
    return report(absl::InvalidArgumentError("no command given; try 'anysplice --help'"));
  }
  const absl::string_view name = parsed->rest[0];
  for (const Command& command : commands()) {
    if (command.name == name) return command.function(parsed->rest.subspan(1));
  }
  const auto add = [](std::string* out, const Command& command) {
    absl::StrAppend(out, command.name);
  };
  return report(absl::InvalidArgumentError(absl::StrCat(
      "unknown command '", name, "'; the commands are ", absl::StrJoin(commands(), ", ", add))));
}

}  // namespace

}  // namespace anysplice::tools

int main(int argc, char** argv) {
  // argc is 0 when a program was executed with no arguments at all.
  const int skip = argc > 0 ? 1 : 0;
  return anysplice::tools::dispatch(
      absl::MakeConstSpan(argv + skip, static_cast<size_t>(argc - skip)));
}
