#include "tools/leave_preload.h"

#include <stdlib.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "tools/library_path.h"
#include "tools/preload_list.h"

namespace anysplice::tools {
namespace {

// Where the list is while we are executed again.
constexpr const char* kKept = "ANYSPLICE_LD_PRELOAD";

}  // namespace

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

void leave_preload_to_programs(absl::string_view command, absl::Span<char* const> words) {
  if (const char* list = getenv("LD_PRELOAD"); list != nullptr && names_library(list)) {
    setenv(kKept, list, 1);
    leave_preload(command, words);
  }
  if (const char* kept = getenv(kKept); kept != nullptr) {
    setenv("LD_PRELOAD", kept, 1);
    unsetenv(kKept);
  }
}

}  // namespace anysplice::tools
