// Where libanysplice.so is.
#ifndef ANYSPLICE_TOOLS_LIBRARY_PATH_H_
#define ANYSPLICE_TOOLS_LIBRARY_PATH_H_

#include <string>

#include "absl/status/statusor.h"

namespace anysplice::tools {

// Absolute path of this executable; empty if the system does not tell.
std::string own_path();

// Whether this executable loads no libraries, so that ours cannot be preloaded into it.
bool is_static_command();

// The C library of the programs that the library is to be loaded into. Each has its own file:
// libanysplice.so (or libanysplice.so.0) and libanysplice-musl.so.
enum class Libc { kGlibc, kMusl };

// Absolute path of the library: $ANYSPLICE_LIBRARY if set; else beside this executable, in one
// folder with it, as laid out in the build tree, or below an installation prefix (which may have
// been moved); else the place chosen when it was built.
absl::StatusOr<std::string> find_library(Libc libc = Libc::kGlibc);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_LIBRARY_PATH_H_
