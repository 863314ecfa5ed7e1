#include "tools/leave_preload.h"

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tools/library_path.h"
#include "tools/preload_list.h"

namespace anysplice::tools {

void leave_preload(absl::string_view command, absl::Span<char* const> words) {
  const char* list = getenv("LD_PRELOAD");
  if (list == nullptr || !names_library(list)) return;
  const std::string without = without_library(list);
  if (without.empty()) {
    unsetenv("LD_PRELOAD");
  } else {
    setenv("LD_PRELOAD", without.c_str(), 1);
  }
  std::string names[] = {"anysplice", std::string(command)};
  std::vector<char*> arguments = {names[0].data(), names[1].data()};
  arguments.insert(arguments.end(), words.begin(), words.end());
  arguments.push_back(nullptr);
  execv(own_path().c_str(), arguments.data());
}

}  // namespace anysplice::tools
