#include "tools/bench/spawned.h"

#include <unistd.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace anysplice::tools::bench {

Environment::Environment(const std::string& preload) {
  for (char** word = environ; *word != nullptr; ++word) {
    if (!absl::StartsWith(*word, "LD_PRELOAD=") && !absl::StartsWith(*word, "ANYSPLICE_")) {
      words_.emplace_back(*word);
    }
  }
  if (!preload.empty()) words_.push_back(absl::StrCat("LD_PRELOAD=", preload));
  for (std::string& word : words_) pointers_.push_back(word.data());
  pointers_.push_back(nullptr);
}

pid_t spawn(std::vector<std::string> words, const Environment& environment,
            const posix_spawn_file_actions_t* actions) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_t child = -1;
  const int error =
      posix_spawn(&child, arguments[0], actions, nullptr, arguments.data(), environment.get());
  return error == 0 ? child : -1;
}

}  // namespace anysplice::tools::bench
