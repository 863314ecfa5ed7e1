// Tasks and trials as lines of text: between the processes of an exploration, and in the file of
// one that can be resumed.
#ifndef ANYSPLICE_TOOLS_EXPLORE_TRIAL_TEXT_H_
#define ANYSPLICE_TOOLS_EXPLORE_TRIAL_TEXT_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "tools/explore/trial.h"

namespace anysplice::tools {

// One line of JSON each, without its end. Nothing if the text is anything else.
std::string as_line(const Task& task);
std::optional<Task> task_of(absl::string_view line);
std::string as_line(const Trial& trial);
std::optional<Trial> trial_of(absl::string_view line);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_TRIAL_TEXT_H_
