// Scripts by which shells complete this command's words, made of the table of commands.
#ifndef ANYSPLICE_TOOLS_COMPLETION_H_
#define ANYSPLICE_TOOLS_COMPLETION_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "tools/commands.h"

namespace anysplice::tools {

// All options of a command, those included that it has from `run`.
std::vector<OptionSpec> options_of(const Command& command);

// What the value of an option may be: the words, if these are all; else nothing.
std::vector<absl::string_view> choices_of(const OptionSpec& option);
bool takes_file(const OptionSpec& option);

std::string bash_completion();
std::string zsh_completion();
std::string fish_completion();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_COMPLETION_H_
