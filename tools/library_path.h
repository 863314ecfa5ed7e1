// Where libanysplice.so is.
#ifndef ANYSPLICE_TOOLS_LIBRARY_PATH_H_
#define ANYSPLICE_TOOLS_LIBRARY_PATH_H_

#include <string>

#include "absl/status/statusor.h"

namespace anysplice::tools {

// Absolute path of this executable; empty if the system does not tell.
std::string own_path();

// Absolute path of the library: $ANYSPLICE_LIBRARY if set; else beside this executable, as laid out
// in the build tree or below an installation prefix (which may have been moved); else the place
// chosen when it was built.
absl::StatusOr<std::string> find_library();

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_LIBRARY_PATH_H_
