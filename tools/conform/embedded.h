// The expectations that are part of the program, so that it can be copied alone into a guest.
#ifndef ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_
#define ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_

#include <string_view>

namespace conform {

std::string_view embedded_expectations();

}  // namespace conform

#endif  // ANYSPLICE_TOOLS_CONFORM_EMBEDDED_H_
