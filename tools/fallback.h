// Programs that no library can be loaded into, where the kernel's calls are refused: the refusal
// becomes an error after which programs copy by themselves.
//
// Many fall back on EINVAL only, which is what splice(2) and sendfile(2) say of descriptors that
// they cannot serve: Go's net.TCPConn.ReadFrom, relays after its pattern, libuv's uv_fs_sendfile.
// Refused with ENOSYS or EPERM, as by a filter, they fail.
#ifndef ANYSPLICE_TOOLS_FALLBACK_H_
#define ANYSPLICE_TOOLS_FALLBACK_H_

#include <string>

#include "absl/status/status.h"

namespace anysplice::tools {

// Installs a filter for these calls (refused_calls.h), and tells in one line on stderr what it
// did for this program, unless that is to be kept quiet; `why` it is not
// preloaded, empty if it is, and makes calls of its own. Sets
// no_new_privs if a call is refused.
absl::Status fall_back(const std::string& why, const std::string& refused, bool quiet);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_FALLBACK_H_
