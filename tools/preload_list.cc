#include "tools/preload_list.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kSeparators = ": ";

std::vector<absl::string_view> entries(absl::string_view list) {
  return absl::StrSplit(list, absl::ByAnyChar(kSeparators), absl::SkipEmpty());
}

// By its file's name, which may end in a version.
bool is_library(absl::string_view path) {
  absl::string_view file = path.substr(path.rfind('/') + 1);
  if (file == "libanysplice-musl.so") return true;
  return absl::ConsumePrefix(&file, "libanysplice.so") && (file.empty() || file[0] == '.');
}

}  // namespace

absl::StatusOr<std::string> with_library(absl::string_view list, absl::string_view library) {
  if (library.find_first_of(kSeparators) != absl::string_view::npos) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the path '", library,
        "' holds a space or a colon, which LD_PRELOAD cannot express; move the library"));
  }
  std::vector<absl::string_view> all = entries(list);
  if (std::find(all.begin(), all.end(), library) != all.end()) return std::string(list);
  all.insert(all.begin(), library);
  return absl::StrJoin(all, ":");
}

bool names_library(absl::string_view list) {
  const std::vector<absl::string_view> all = entries(list);
  return std::any_of(all.begin(), all.end(), is_library);
}

std::string without_library(absl::string_view list) {
  std::vector<absl::string_view> all = entries(list);
  all.erase(std::remove_if(all.begin(), all.end(), is_library), all.end());
  return absl::StrJoin(all, ":");
}

}  // namespace anysplice::tools
