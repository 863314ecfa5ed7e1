#include "tools/block.h"

#include <errno.h>
#include <seccomp.h>

#include <algorithm>
#include <iterator>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kWhat = "cannot block system calls (seccomp)";

// Has the calls fail with `error`, in all ABIs or only in the further ones.
absl::Status load(CallSet calls, int error, bool native) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return system_failure(kWhat, ENOMEM);
  absl::Cleanup release = [filter] { seccomp_release(filter); };

  for (const uint32_t abi : further_abis()) {
    const int rc = seccomp_arch_add(filter, abi);
    if (rc != 0 && rc != -EEXIST) return system_failure(kWhat, -rc);
  }
  if (!native) {
    int rc = seccomp_arch_remove(filter, SCMP_ARCH_NATIVE);
    if (rc == 0) rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
    if (rc != 0) return system_failure(kWhat, -rc);
  }
  for (size_t call = 0; call < kCalls; ++call) {
    if (!calls.test(call)) continue;
    for (const int number : call_numbers(static_cast<Call>(call))) {
      const int rc =
          seccomp_rule_add(filter, SCMP_ACT_ERRNO(static_cast<uint32_t>(error)), number, 0);
      if (rc != 0) return system_failure(kWhat, -rc);
    }
  }
  if (const int rc = seccomp_load(filter); rc != 0) return system_failure(kWhat, -rc);
  return absl::OkStatus();
}

}  // namespace

// Left out, a program could call through them unhindered, or would be killed as of a bad
// architecture.
std::vector<uint32_t> further_abis() {
  switch (seccomp_arch_native()) {
    case SCMP_ARCH_X86_64:
      return {SCMP_ARCH_X86, SCMP_ARCH_X32};
    case SCMP_ARCH_AARCH64:
      return {SCMP_ARCH_ARM};
    case SCMP_ARCH_PPC64:
      return {SCMP_ARCH_PPC};
    case SCMP_ARCH_S390X:
      return {SCMP_ARCH_S390};
    case SCMP_ARCH_MIPS64:
      return {SCMP_ARCH_MIPS, SCMP_ARCH_MIPS64N32};
    case SCMP_ARCH_MIPSEL64:
      return {SCMP_ARCH_MIPSEL, SCMP_ARCH_MIPSEL64N32};
    default:
      return {};
  }
}

absl::StatusOr<CallSet> parse_calls(absl::string_view list) {
  CallSet calls;
  for (absl::string_view name : absl::StrSplit(list, ',')) {
    const auto* found = std::find(std::begin(kCallNames), std::end(kCallNames), name);
    if (found == std::end(kCallNames)) {
      return absl::InvalidArgumentError(absl::StrCat("unknown call '", name, "'; the calls are ",
                                                     absl::StrJoin(kCallNames, ", ")));
    }
    calls.set(static_cast<size_t>(found - std::begin(kCallNames)));
  }
  return calls;
}

std::string names_of(CallSet calls, absl::string_view separator) {
  std::vector<absl::string_view> names;
  for (size_t call = 0; call < kCalls; ++call) {
    if (calls.test(call)) names.push_back(kCallNames[call]);
  }
  return absl::StrJoin(names, separator);
}

// sendfile64 exists on 32-bit ABIs only; the library leaves out what an ABI lacks.
std::vector<int> call_numbers(Call call) {
  switch (call) {
    case Call::kSplice:
      return {SCMP_SYS(splice)};
    case Call::kTee:
      return {SCMP_SYS(tee)};
    case Call::kVmsplice:
      return {SCMP_SYS(vmsplice)};
    case Call::kSendfile:
      return {SCMP_SYS(sendfile), SCMP_SYS(sendfile64)};
    case Call::kCopyFileRange:
      return {SCMP_SYS(copy_file_range)};
  }
  return {};
}

absl::Status block_calls(CallSet calls, int error) { return load(calls, error, true); }

absl::Status block_other_abis(CallSet calls, int error) {
  if (further_abis().empty()) return absl::OkStatus();
  return load(calls, error, false);
}

}  // namespace anysplice::tools
