#include "tools/errno_names.h"

#include <string.h>

#include "absl/strings/str_cat.h"

namespace anysplice::tools {

std::string errno_name(int error) {
  const char* name = strerrorname_np(error);
  return name != nullptr ? name : absl::StrCat(error);
}

}  // namespace anysplice::tools
