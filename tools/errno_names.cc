#include "tools/errno_names.h"

#include "absl/strings/str_cat.h"
#include "core/base/errno_names.h"

namespace anysplice::tools {

std::string errno_name(int error) {
  const char* name = name_of_errno(error);
  return name != nullptr ? name : absl::StrCat(error);
}

}  // namespace anysplice::tools
