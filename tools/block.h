// Blocks the kernel's own calls for this process and everything it will execute, so that the engine
// can be seen at work on a machine that has them all.
#ifndef ANYSPLICE_TOOLS_BLOCK_H_
#define ANYSPLICE_TOOLS_BLOCK_H_

#include <stdint.h>

#include <bitset>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "core/policy/mode.h"

namespace anysplice::tools {

using CallSet = std::bitset<kCalls>;  // by Call

// The calls that anysplice answers where the kernel does not.
inline CallSet block_by_default() {
  return CallSet().set().reset(static_cast<size_t>(Call::kCopyFileRange));
}

// "splice,tee"; an empty or unknown name is answered with the list of known ones.
absl::StatusOr<CallSet> parse_calls(absl::string_view list);
// The same backwards.
std::string names_of(CallSet calls, absl::string_view separator = ",");

// The system calls behind one call of the family, as libseccomp numbers them.
std::vector<int> call_numbers(Call call);

// The ABIs that a 64-bit kernel also serves, as libseccomp names them.
std::vector<uint32_t> further_abis();

// Installs a seccomp filter under which these calls fail with `error`, in every ABI that the kernel
// may offer beside the native one. Sets no_new_privs. Cannot be undone.
absl::Status block_calls(CallSet calls, int error);
// The same in those ABIs only.
absl::Status block_other_abis(CallSet calls, int error);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_BLOCK_H_
