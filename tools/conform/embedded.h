// The expectations that are part of the program, so that it can be copied alone into a guest.
#ifndef ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_
#define ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_

#include <span>
#include <string_view>

namespace conform {

struct Embedded {
  std::string_view name;  // "linux-6.18", that of the file
  std::string_view text;
};

// The newest first.
std::span<const Embedded> embedded_expectations();

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_
