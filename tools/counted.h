// Numbers of things in what people read.
#ifndef ANYSPLICE_TOOLS_COUNTED_H_
#define ANYSPLICE_TOOLS_COUNTED_H_

#include <stdint.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

// "1 call", "2 calls".
inline std::string counted(uint64_t number, absl::string_view noun) {
  return absl::StrCat(number, " ", noun, number == 1 ? "" : "s");
}

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_COUNTED_H_
