// Text in XML and HTML.
//
// Thread-safe.
#ifndef ANYSPLICE_TOOLS_EXPLORE_MARKUP_H_
#define ANYSPLICE_TOOLS_EXPLORE_MARKUP_H_

#include <string>

#include "absl/strings/string_view.h"

namespace anysplice::tools {

// What programs say may be anything: characters that XML cannot have, and bytes that are no UTF-8,
// become question marks.
std::string escaped(absl::string_view text);

// " name=\"value\"".
std::string attribute(absl::string_view name, absl::string_view value);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_EXPLORE_MARKUP_H_
