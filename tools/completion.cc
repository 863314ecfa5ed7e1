#include "tools/completion.h"

#include <algorithm>
#include <cctype>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tools/options.h"
#include "tools/run_options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"end(Usage: anysplice completion bash | zsh | fish

Prints a script for the shell named, which then completes this command's words:

  eval "$(anysplice completion bash)"
  anysplice completion zsh >~/.zfunc/_anysplice     # in a folder of $fpath
  anysplice completion fish >~/.config/fish/completions/anysplice.fish

  --help, --version
)end";

constexpr OptionSpec kOptions[] = {{"--help"}, {"--version"}};

std::string zsh_option(const OptionSpec& option) {
  if (option.takes == Takes::kNothing) return absl::StrCat("'", option.name, "'");
  const bool is_long = option.name.substr(0, 2) == "--";
  absl::string_view joint = is_long ? "=:" : ":";
  if (option.takes == Takes::kOptionalValue) joint = "=-::";
  const std::vector<absl::string_view> choices = choices_of(option);
  const std::string values = !choices.empty() ? absl::StrCat("(", absl::StrJoin(choices, " "), ")")
                             : takes_file(option) ? "_files"
                                                  : " ";
  return absl::StrCat("'", option.name, joint, absl::StrReplaceAll(option.value, {{":", ";"}}), ":",
                      values, "'");
}

std::string fish_option(const Command& command, OptionSpec option) {
  const absl::string_view kind = absl::ConsumePrefix(&option.name, "--") ? "-l " : "-s ";
  absl::ConsumePrefix(&option.name, "-");
  std::string line = absl::StrCat("complete -c anysplice -n '__fish_seen_subcommand_from ",
                                  command.name, "' ", kind, option.name);
  const std::vector<absl::string_view> choices = choices_of(option);
  if (!choices.empty()) {
    absl::StrAppend(&line, option.takes == Takes::kValue ? " -x" : " -f", " -a '",
                    absl::StrJoin(choices, " "), "'");
  } else if (option.takes == Takes::kValue) {
    absl::StrAppend(&line, takes_file(option) ? " -r -F" : " -x");
  }
  return absl::StrCat(line, "\n");
}

}  // namespace

std::vector<OptionSpec> options_of(const Command& command) {
  const absl::Span<const OptionSpec> own = command.options();
  std::vector<OptionSpec> all(own.begin(), own.end());
  if (command.runs != Runs::kObserved) return all;
  for (const OptionSpec& option : run_options()) {
    if (!is_for_run_alone(option)) all.push_back(option);
  }
  return all;
}

std::vector<absl::string_view> choices_of(const OptionSpec& option) {
  std::vector<absl::string_view> words = absl::StrSplit(option.value, '|');
  const auto is_word = [](absl::string_view word) {
    return !word.empty() && std::all_of(word.begin(), word.end(),
                                        [](unsigned char c) { return islower(c) || c == '-'; });
  };
  return words.size() > 1 && std::all_of(words.begin(), words.end(), is_word)
             ? words
             : std::vector<absl::string_view>();
}

bool takes_file(const OptionSpec& option) {
  return option.value.substr(0, 4) == "FILE" || option.value == "PATH";
}

std::string zsh_completion() {
  std::string script = "#compdef anysplice\n\nlocal -a commands=(\n";
  for (const Command& command : commands()) {
    absl::StrAppend(&script, "  '", command.name, ":",
                    absl::StrReplaceAll(command.summary, {{"'", "'\\''"}}), "'\n");
  }
  script +=
      ")\n"
      "if ((CURRENT == 2)); then\n"
      "  _describe command commands\n"
      "  return\n"
      "fi\n"
      "local command=$words[2]\n"
      "shift words\n"
      "((CURRENT--))\n"
      "case $command in\n";
  for (const Command& command : commands()) {
    absl::StrAppend(&script, "  ", command.name, ")\n    _arguments -S");
    for (const OptionSpec& option : options_of(command)) {
      absl::StrAppend(&script, " \\\n      ", zsh_option(option));
    }
    if (command.runs != Runs::kNothing) {
      script +=
          " \\\n      '(-)1:program:_command_names -e'"
          " \\\n      '*::arguments:_normal'";
    }
    script += " ;;\n";
  }
  return script + "esac\n";
}

std::string fish_completion() {
  std::string script;
  std::vector<absl::string_view> running;
  for (const Command& command : commands()) {
    absl::StrAppend(&script, "complete -c anysplice -n __fish_use_subcommand -f -a ", command.name,
                    " -d \"", command.summary, "\"\n");
    if (command.runs != Runs::kNothing) running.push_back(command.name);
    for (const OptionSpec& option : options_of(command)) script += fish_option(command, option);
  }
  absl::StrAppend(&script, "complete -c anysplice -n '__fish_seen_subcommand_from ",
                  absl::StrJoin(running, " "),
                  "' -x -a '(__fish_complete_subcommand --fcs-skip=2)'\n");
  return script;
}

absl::Span<const OptionSpec> completion_options() { return kOptions; }

int completion_command(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice completion", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  const absl::string_view shell = parsed->rest.size() == 1 ? parsed->rest[0] : "";
  if (shell == "bash") return print(bash_completion());
  if (shell == "zsh") return print(zsh_completion());
  if (shell == "fish") return print(fish_completion());
  return report(
      absl::InvalidArgumentError("completion takes the name of a shell: bash, zsh, fish"));
}

}  // namespace anysplice::tools
