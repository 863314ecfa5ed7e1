#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "tools/completion.h"

namespace anysplice::tools {
namespace {

// What goes around the lists. bash divides words at '=' as well.
constexpr absl::string_view kFunction = R"end(
_anysplice() {
  local current=${COMP_WORDS[COMP_CWORD]} command=${COMP_WORDS[1]} option= program= i word
  if ((COMP_CWORD == 1)); then command=; fi
  for ((i = 2; i < COMP_CWORD; ++i)); do
    word=${COMP_WORDS[i]}
    if [ -n "$option" ]; then
      [ "$word" = = ] || option=
    elif [ "$word" = -- ]; then
      program=$((i + 1))
      break
    elif [[ $word != -* ]]; then
      program=$i
      break
    elif [ "${COMP_WORDS[i + 1]}" = = ] || [[ " $(_anysplice_needing "$command") " = *" $word "* ]]
    then
      option=$word
    fi
  done
  COMPREPLY=()
  if [ -n "$program" ] && ((COMP_CWORD > program)); then
    if declare -F _command_offset >/dev/null; then _command_offset "$program"; fi
  elif [ -n "$program" ]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
  elif [ -n "$option" ]; then
    [ "$current" != = ] || current=
    mapfile -t COMPREPLY < <(compgen -W "$(_anysplice_values "$command" "$option")" -- "$current")
  elif [[ $current != -* ]] && [[ " $(_anysplice_running) " = *" $command "* ]]; then
    mapfile -t COMPREPLY < <(compgen -c -- "$current")
  else
    mapfile -t COMPREPLY < <(compgen -W "$(_anysplice_words "$command")" -- "$current")
  fi
}
complete -o bashdefault -o default -F _anysplice anysplice
)end";

// A shell function that prints a list for each command.
std::string function(absl::string_view name,
                     absl::FunctionRef<std::string(const Command& command)> list_of) {
  std::string text = absl::StrCat(name, "() {\n  case $1 in\n");
  for (const Command& command : commands()) {
    absl::StrAppend(&text, "    ", command.name, ") echo '", list_of(command), "' ;;\n");
  }
  return text;
}

constexpr absl::string_view kEnd = "  esac\n}\n\n";

std::string names_of(const Command& command, bool needing) {
  std::vector<absl::string_view> names;
  for (const OptionSpec& option : options_of(command)) {
    if (!needing || option.takes == Takes::kValue) names.push_back(option.name);
  }
  return absl::StrJoin(names, " ");
}

}  // namespace

std::string bash_completion() {
  std::vector<absl::string_view> names;
  std::vector<absl::string_view> running;
  for (const Command& command : commands()) {
    names.push_back(command.name);
    if (command.runs != Runs::kNothing) running.push_back(command.name);
  }
  std::string script =
      function("_anysplice_words", [](const Command& command) { return names_of(command, false); });
  absl::StrAppend(&script, "    '') echo '", absl::StrJoin(names, " "), " --help --version' ;;\n",
                  kEnd);
  script += function("_anysplice_needing",
                     [](const Command& command) { return names_of(command, true); });
  absl::StrAppend(&script, kEnd, "_anysplice_running() { echo '", absl::StrJoin(running, " "),
                  "'; }\n\n_anysplice_values() {\n  case \"$1 $2\" in\n");
  for (const Command& command : commands()) {
    for (const OptionSpec& option : options_of(command)) {
      const std::vector<absl::string_view> choices = choices_of(option);
      if (choices.empty()) continue;
      absl::StrAppend(&script, "    '", command.name, " ", option.name, "') echo '",
                      absl::StrJoin(choices, " "), "' ;;\n");
    }
  }
  return absl::StrCat(script, kEnd, kFunction.substr(1));
}

}  // namespace anysplice::tools
