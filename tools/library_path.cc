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

// Empty if there is no such file.
std::string canonical(const std::string& path) {
  char resolved[PATH_MAX];
  return realpath(path.c_str(), resolved) != nullptr ? resolved : "";
}

bool is_file(const std::string& path) {
  struct stat st;
  return stat(path.c_str(), &st) == 0 && S_ISREG(st.st_mode);
}

std::vector<std::string> candidates(Libc libc) {
  const std::vector<absl::string_view> files =
      libc == Libc::kMusl ? std::vector<absl::string_view>{"libanysplice-musl.so"}
                          : std::vector<absl::string_view>{"libanysplice.so.0", "libanysplice.so"};
  std::vector<std::string> folders;
  const std::string self = own_path();
  if (const size_t slash = self.rfind('/'); slash != std::string::npos) {
    const absl::string_view folder = absl::string_view(self).substr(0, slash);
    folders = {std::string(folder), absl::StrCat(folder, "/../shim"),
               absl::StrCat(folder, "/../", ANYSPLICE_RELATIVE_LIBDIR)};
  }
  folders.push_back(ANYSPLICE_LIBDIR);
  std::vector<std::string> paths;
  for (const std::string& folder : folders) {
    for (const absl::string_view file : files) paths.push_back(absl::StrCat(folder, "/", file));
  }
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

bool is_static_command() { return getauxval(AT_BASE) == 0; }

absl::StatusOr<std::string> find_library(Libc libc) {
  if (const char* chosen = secure_getenv("ANYSPLICE_LIBRARY"); chosen != nullptr && *chosen) {
    if (!is_file(chosen)) {
      return absl::FailedPreconditionError(
          absl::StrCat("ANYSPLICE_LIBRARY names '", chosen, "', which is not a file"));
    }
    return canonical(chosen);
  }
  const std::vector<std::string> paths = candidates(libc);
  for (const std::string& path : paths) {
    if (is_file(path)) return canonical(path);
  }
  return absl::FailedPreconditionError(absl::StrCat(
      libc == Libc::kMusl ? "libanysplice-musl.so" : "libanysplice.so", " not found; looked for ",
      absl::StrJoin(paths, ", "), " (ANYSPLICE_LIBRARY names another)"));
}

}  // namespace anysplice::tools
