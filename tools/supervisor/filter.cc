#include "tools/supervisor/filter.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <vector>

#include "absl/cleanup/cleanup.h"
#include "tools/status.h"

// Not in the headers of older systems.
#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV (1UL << 5)
#endif

namespace anysplice::tools {
namespace {

constexpr absl::string_view kWhat = "seccomp";

// Whoever changes its groups tells, in any ABI: what it may do by them cannot be asked for quickly
// (rights.h). 0, or a negative errno.
int add_changes_of_groups(scmp_filter_ctx filter) {
  int rc = 0;
  for (const int number : {SCMP_SYS(setgroups), SCMP_SYS(setgroups32)}) {
    if (rc == 0) rc = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, number, 0);
  }
  return rc;
}

// Whoever asks for packets in a pipe tells: its read end does not show it (packets.h).
int add_requests_for_packets(scmp_filter_ctx filter) {
  const scmp_arg_cmp pipe_flags = SCMP_A1_64(SCMP_CMP_MASKED_EQ, O_DIRECT, O_DIRECT);
  const scmp_arg_cmp set_flags[] = {SCMP_A1_32(SCMP_CMP_EQ, F_SETFL),
                                    SCMP_A2_64(SCMP_CMP_MASKED_EQ, O_DIRECT, O_DIRECT)};
  const int rc = seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(pipe2), 1, &pipe_flags);
  if (rc != 0) return rc;
  return seccomp_rule_add_array(filter, SCMP_ACT_NOTIFY, SCMP_SYS(fcntl), 2, set_flags);
}

// Changes of groups in other ABIs, of which nothing else is to tell.
int merge_further_abis(scmp_filter_ctx filter) {
  if (further_abis().empty()) return 0;
  scmp_filter_ctx others = seccomp_init(SCMP_ACT_ALLOW);
  if (others == nullptr) return -ENOMEM;
  int rc = seccomp_attr_set(others, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  if (rc == 0) rc = seccomp_arch_remove(others, SCMP_ARCH_NATIVE);
  for (const uint32_t abi : further_abis()) {
    if (rc == 0) rc = seccomp_arch_add(others, abi);
  }
  if (rc == 0) rc = add_changes_of_groups(others);
  if (rc == 0) rc = seccomp_merge(filter, others);
  if (rc != 0) seccomp_release(others);
  return rc;
}

// The filter as the kernel wants it. The library's own way of loading one knows no flag for
// WAIT_KILLABLE_RECV before its version 2.6.
absl::StatusOr<std::vector<sock_filter>> make_filter(CallSet calls) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  if (filter == nullptr) return system_failure(kWhat, ENOMEM);
  const absl::Cleanup release = [filter] { seccomp_release(filter); };
  // The family's calls of other ABIs are the kernel's, or for block_other_abis().
  int rc = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
  for (size_t call = 0; call < kCalls && rc == 0; ++call) {
    if (!calls.test(call)) continue;
    for (const int number : call_numbers(static_cast<Call>(call))) {
      if (rc == 0) rc = seccomp_rule_add(filter, SCMP_ACT_NOTIFY, number, 0);
    }
  }
  if (rc == 0) rc = add_changes_of_groups(filter);
  if (rc == 0) rc = add_requests_for_packets(filter);
  if (rc == 0) rc = merge_further_abis(filter);
  if (rc != 0) return system_failure(kWhat, -rc);

  const int file = memfd_create("filter", MFD_CLOEXEC);
  if (file < 0) return system_failure(kWhat, errno);
  const absl::Cleanup shut = [file] { close(file); };
  rc = seccomp_export_bpf(filter, file);
  if (rc != 0) return system_failure(kWhat, -rc);
  const off_t size = lseek(file, 0, SEEK_CUR);
  std::vector<sock_filter> code(static_cast<size_t>(size) / sizeof(sock_filter));
  if (pread(file, code.data(), static_cast<size_t>(size), 0) != size) {
    return system_failure(kWhat, errno);
  }
  return code;
}

}  // namespace

absl::StatusOr<int> install_listener(CallSet calls) {
  absl::StatusOr<std::vector<sock_filter>> code = make_filter(calls);
  if (!code.ok()) return code.status();
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return system_failure(kWhat, errno);
  const sock_fprog program{static_cast<unsigned short>(code->size()), code->data()};
  constexpr unsigned long kFlags =
      SECCOMP_FILTER_FLAG_NEW_LISTENER | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
  const long listener = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, kFlags, &program);
  if (listener < 0) return system_failure(kWhat, errno);
  return static_cast<int>(listener);
}

}  // namespace anysplice::tools
