// What `anysplice profile` prints: how a service manager or a container engine is told to refuse
// the kernel's calls and to preload the library.
#ifndef ANYSPLICE_TOOLS_PROFILE_H_
#define ANYSPLICE_TOOLS_PROFILE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/block.h"

namespace anysplice::tools {

struct Profile {
  CallSet calls;          // what the kernel is to refuse
  bool io_uring = false;  // that too
  std::string library;    // absolute path

  // The system calls, as filters name them.
  std::vector<std::string> system_calls() const;
};

// A drop-in for the service `unit`, whose name is checked; ".service" may be left out.
absl::StatusOr<std::string> as_drop_in(const Profile& profile, absl::string_view unit);

// A seccomp profile as JSON, for OCI runtimes, docker and podman: `base`, a profile of that kind,
// with the calls refused, or one that allows all others if `base` is empty.
absl::StatusOr<std::string> as_seccomp(const Profile& profile, absl::string_view base);

// Lines for a Dockerfile.
std::string as_dockerfile(const Profile& profile);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_PROFILE_H_
