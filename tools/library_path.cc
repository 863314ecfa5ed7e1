#include "tools/library_path.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/auxv.h>
#include <sys/stat.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kFile = "libanysplice.so.0";

// Empty if there is no such file.
std::string canonical(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : "";
}

bool is_file(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

std::vector<std::string> candidates() {
  std::vector<std::string> paths;
  const std::string self = own_path();
  if (const size_t slash = self.rfind('/'); slash != std::string::npos) {
    const absl::string_view folder = absl::string_view(self).substr(0, slash);
    paths.push_back(absl::StrCat(folder, "/../shim/", kFile));
    paths.push_back(absl::StrCat(folder, "/../", ANYSPLICE_RELATIVE_LIBDIR, "/", kFile));
  }
  paths.push_back(absl::StrCat(ANYSPLICE_LIBDIR, "/", kFile));
  return paths;
}

}  // namespace

std::string own_path() {
  std::string path = canonical("/proc/self/exe");
  if (!path.empty()) return path;
  // Without /proc: the name the kernel was given to execute.
  const auto* name = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  return name != nullptr ? canonical(name) : "";
}

absl::StatusOr<std::string> find_library() {
  if (const char* chosen = secure_getenv("ANYSPLICE_LIBRARY"); chosen != nullptr && *chosen) {
    if (!is_file(chosen)) {
      return absl::FailedPreconditionError(
          absl::StrCat("ANYSPLICE_LIBRARY names '", chosen, "', which is not a file"));
    }
    return canonical(chosen);
  }
  const std::vector<std::string> paths = candidates();
  for (const std::string& path : paths) {
    if (is_file(path)) return canonical(path);
  }
  return absl::FailedPreconditionError(absl::StrCat(kFile, " not found; looked for ",
                                                    absl::StrJoin(paths, ", "),
                                                    " (ANYSPLICE_LIBRARY names another)"));
}

}  // namespace anysplice::tools
