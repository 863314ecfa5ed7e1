#include "tools/supervisor/thread_status.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {
std::string text_of(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return "";
  const absl::Cleanup shut = [file] { close(file); };
  std::string text;
  char part[4096];
  for (ssize_t n; (n = ::read(file, part, sizeof(part))) > 0;) {
    text.append(part, static_cast<size_t>(n));
  }
  return text;
}

std::string status_of(pid_t thread) { return text_of(absl::StrCat("/proc/", thread, "/status")); }

absl::string_view status_value(absl::string_view status, absl::string_view name) {
  const std::string key = absl::StrCat("\n", name, ":\t");
  const size_t at = status.find(key);
  if (at == absl::string_view::npos) return "";
  status.remove_prefix(at + key.size());
  return status.substr(0, status.find('\n'));
}

uint64_t status_number(absl::string_view status, absl::string_view name, int base) {
  return strtoull(std::string(status_value(status, name)).c_str(), nullptr, base);
}

bool has_our_namespaces(pid_t thread) {
  for (const char* name : {"cgroup", "ipc", "mnt", "net", "pid", "time", "user", "uts"}) {
    struct stat ours, theirs;
    if (stat(absl::StrCat("/proc/self/ns/", name).c_str(), &ours) != 0) continue;
    if (stat(absl::StrCat("/proc/", thread, "/ns/", name).c_str(), &theirs) != 0 ||
        ours.st_dev != theirs.st_dev || ours.st_ino != theirs.st_ino) {
      return false;
    }
  }
  return true;
}

Relatives relatives_of(pid_t thread) { return relatives_in(status_of(thread)); }

Relatives relatives_in(absl::string_view status) {
  return {static_cast<pid_t>(status_number(status, "Tgid", 10)),
          static_cast<pid_t>(status_number(status, "PPid", 10))};
}

bool is_stopping(pid_t process) {
  const std::string folder = absl::StrCat("/proc/", process, "/task");
  DIR* const threads = opendir(folder.c_str());
  if (threads == nullptr) return false;
  const absl::Cleanup shut = [threads] { closedir(threads); };
  while (const dirent* entry = readdir(threads)) {
    if (entry->d_name[0] == '.') continue;
    const std::string status = text_of(absl::StrCat(folder, "/", entry->d_name, "/status"));
    if (absl::string_view(status_value(status, "State")).substr(0, 1) == "T") return true;
  }
  return false;
}

Signals SignalLook::of(pid_t thread) { return in(status_of(thread)); }

Signals SignalLook::in(absl::string_view status) {
  const uint64_t open = ~status_number(status, "SigBlk", 16);
  if ((status_number(status, "SigPnd", 16) & open) != 0) return Signals::kPending;
  const bool alone = status_number(status, "Threads", 10) == 1;
  if ((status_number(status, "ShdPnd", 16) & open) != 0) {
    return alone ? Signals::kPending : Signals::kPerhaps;
  }
  if (alone) return Signals::kNone;
  const auto process = static_cast<pid_t>(status_number(status, "Tgid", 10));
  const auto [known, is_new] = stopping_.try_emplace(process);
  if (is_new) known->second = is_stopping(process);
  return known->second ? Signals::kPerhaps : Signals::kNone;
}

}  // namespace anysplice::tools
