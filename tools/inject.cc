// `anysplice inject`: the rules of a program that runs.
#include <ctype.h>

#include <algorithm>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/commands.h"
#include "tools/control_file.h"
#include "tools/injection.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice inject PID OPTION...

Changes what is injected into a running program, from its next call on. The
program was started by 'anysplice run --control'; PID is its process, any of its
children, or that command. All of them have the same rules.

  --add=SPEC         add rules, as in 'splice(->file:*.log):errno=ENOSPC'
                     see anysplice-inject(7)
  --clear            remove all rules, also those of the start
  --list             print the rules, each on a line
  --help, --version

The options are carried out in the order given.
)";

constexpr OptionSpec kOptions[] = {
    {"--add", Takes::kValue, "SPEC"}, {"--clear"}, {"--list"}, {"--help"}, {"--version"}};

// One on a line, with nothing in it that a terminal would do.
std::string listing(const std::string& spec) {
  std::string text;
  for (const absl::string_view item : absl::StrSplit(spec, ';', absl::SkipEmpty())) {
    absl::StrAppend(&text, item, "\n");
  }
  std::replace_if(
      text.begin(), text.end(),
      [](char c) { return c != '\n' && isprint(static_cast<unsigned char>(c)) == 0; }, '?');
  return text;
}

absl::Status apply(const Option& option, ControlOfProcess* control) {
  if (option.name == "--clear") {
    control->set_spec("");
    return absl::OkStatus();
  }
  std::string spec = control->spec();
  if (option.name == "--list") {
    print(listing(spec));
    return absl::OkStatus();
  }
  InjectOptions added{.spec = spec};
  absl::Status status = add_spec(option.name, *option.value, &added);
  if (status.ok()) status = check_control_spec(added.spec);
  if (status.ok()) control->set_spec(added.spec);
  return status;
}

bool is_option(const char* word) { return word[0] == '-'; }

}  // namespace

absl::Span<const OptionSpec> inject_options() { return kOptions; }

int inject_command(absl::Span<char* const> words) {
  // The number may stand before the options or behind them.
  std::vector<char*> sorted(words.begin(), words.end());
  if (!sorted.empty() && !is_option(sorted[0])) {
    std::rotate(sorted.begin(), sorted.begin() + 1, sorted.end());
  }
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice inject", sorted, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  pid_t pid = 0;
  if (parsed->rest.size() != 1 || !absl::SimpleAtoi(parsed->rest[0], &pid) || pid <= 0 ||
      parsed->options.empty()) {
    return report(absl::InvalidArgumentError(
        "expected a process number and --add, --clear or --list; try 'anysplice inject --help'"));
  }
  absl::StatusOr<ControlOfProcess> control = ControlOfProcess::open(pid);
  if (!control.ok()) return report(control.status());
  for (const Option& option : parsed->options) {
    if (absl::Status status = apply(option, &*control); !status.ok()) return report(status);
  }
  return 0;
}

}  // namespace anysplice::tools
