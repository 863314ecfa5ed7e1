#include "tools/supervisor/rights.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <optional>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/supervisor/pidfd.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

std::atomic<bool> groups_may_differ{false};

// The effective ones; none if it cannot be known.
std::optional<uint64_t> capabilities_of(pid_t thread) {
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = thread};
  __user_cap_data_struct data[2];
  if (syscall(SYS_capget, &header, data) != 0) return std::nullopt;
  return uint64_t{data[1].effective} << 32 | data[0].effective;
}

std::string path_of(pid_t thread, const char* name) {
  return absl::StrCat("/proc/", thread, "/", name);
}

std::string label_of(pid_t thread) { return text_of(path_of(thread, "attr/current")); }

// Empty if it cannot be known.
std::string rights_in(absl::string_view status) {
  const absl::string_view users = status_value(status, "Uid");
  if (users.empty()) return "";
  return absl::StrCat(users, "|", status_value(status, "Gid"), "|", status_value(status, "Groups"),
                      "|", status_value(status, "CapEff"));
}

bool is_same_file(const struct stat& one, const struct stat& other) {
  return one.st_dev == other.st_dev && one.st_ino == other.st_ino;
}

class OurRights {
 public:
  OurRights() : text_(rights_in(text_of("/proc/self/status"))), label_(label_of(getpid())) {
    // As long as somebody has it open the kernel makes it only once, and is faster to look.
    namespace_file_ = open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC);
    known_ = !text_.empty() && stat("/proc/self/ns/user", &namespace_) == 0;
    const auto info = info_of_us();
    const auto capabilities = capabilities_of(0);
    if (!info || !capabilities) return;
    info_ = *info;
    effective_ = *capabilities;
    fast_ = true;
  }

  bool of(Target& target) const {
    const pid_t thread = target.thread();
    const std::optional<ThreadInfo>& info = target.info();
    struct stat where;
    if (!known_ || stat(path_of(thread, "ns/user").c_str(), &where) != 0 ||
        !is_same_file(where, namespace_)) {
      return false;
    }
    // (Where there is no security module there is none later.)
    if (!label_.empty() && label_of(thread) != label_) return false;
    if (!fast_ || !info || groups_may_differ) return rights_in(target.status()) == text_;
    return capabilities_of(thread) == effective_ &&
           memcmp(info->users, info_.users, sizeof(info_.users)) == 0 &&
           memcmp(info->groups, info_.groups, sizeof(info_.groups)) == 0;
  }

 private:
  static std::optional<ThreadInfo> info_of_us() {
    const int us = open_pidfd(getpid());
    if (us < 0) return std::nullopt;
    const std::optional<ThreadInfo> info = info_of(us);
    close(us);
    return info;
  }

  const std::string text_;
  const std::string label_;
  struct stat namespace_ {};
  int namespace_file_ = -1;
  bool known_ = false;
  bool fast_ = false;
  ThreadInfo info_{};
  uint64_t effective_ = 0;
};

}  // namespace

void note_change_of_groups() { groups_may_differ = true; }

bool has_our_rights(Target& target) {
  static const OurRights ours;
  return ours.of(target);
}

}  // namespace anysplice::tools
