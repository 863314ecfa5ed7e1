// The value of LD_PRELOAD: a list of paths, separated by colons or spaces.
#ifndef ANYSPLICE_TOOLS_PRELOAD_LIST_H_
#define ANYSPLICE_TOOLS_PRELOAD_LIST_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

// The list with the library in front; unchanged if it is in the list already. Fails for a path that
// such a list cannot hold.
absl::StatusOr<std::string> with_library(absl::string_view list, absl::string_view library);

// Whether the list holds any file called libanysplice.so, or that with a version, or
// libanysplice-musl.so.
bool names_library(absl::string_view list);

// The list without any such file.
std::string without_library(absl::string_view list);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_PRELOAD_LIST_H_
