#include "tools/supervisor/packets.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "core/sys/sys.h"
#include "tools/supervisor/thread_status.h"

namespace anysplice::tools {
namespace {

using Name = std::pair<dev_t, ino_t>;

std::atomic<bool> asked_for{false};
std::mutex mutex;
std::set<Name> known;  // pipes of packets; guarded by mutex

thread_local int shown[2] = {-1, -1};

bool name_of(const struct stat& st, Name* name) {
  *name = {st.st_dev, st.st_ino};
  return S_ISFIFO(st.st_mode);
}

// The flags of a descriptor as the thread has it; 0 if they cannot be known.
unsigned long flags_of(pid_t thread, const char* fd) {
  const std::string text = text_of(absl::StrCat("/proc/", thread, "/fdinfo/", fd));
  const std::string octal(status_value(text, "flags"));
  return strtoul(octal.c_str(), nullptr, 8);
}

bool writes_packets(pid_t thread, const Name& pipe) {
  const std::string folder = absl::StrCat("/proc/", thread, "/fd");
  DIR* const numbers = opendir(folder.c_str());
  if (numbers == nullptr) return false;
  const absl::Cleanup shut = [numbers] { closedir(numbers); };
  while (const dirent* entry = readdir(numbers)) {
    struct stat st;
    Name name;
    if (fstatat(dirfd(numbers), entry->d_name, &st, 0) == 0 && name_of(st, &name) && name == pipe &&
        (flags_of(thread, entry->d_name) & O_DIRECT) != 0) {
      return true;
    }
  }
  return false;
}

void remember(const Name& pipe) {
  const std::lock_guard lock(mutex);
  known.insert(pipe);
}

bool is_known(const Name& pipe) {
  const std::lock_guard lock(mutex);
  return known.count(pipe) > 0;
}

int (*fcntl_behind)(int, int, long);

int fcntl_with_packets(int fd, int command, long argument) {
  const int result = fcntl_behind(fd, command, argument);
  const bool asks = command == F_GETFL && result >= 0;
  return asks && std::count(shown, shown + 2, fd) > 0 ? result | O_DIRECT : result;
}

}  // namespace

void show_packets() { fcntl_behind = std::exchange(sys->fcntl, fcntl_with_packets); }

void note_packets(Target& target, int fd) {
  asked_for = true;
  if (fd < 0) return;
  const int ours = target.take(fd);
  struct stat st;
  Name name;
  if (ours >= 0 && fstat(ours, &st) == 0 && name_of(st, &name)) remember(name);
  Target::give_back(ours);
}

ShownPackets::ShownPackets(const Target& target, int ours) : ours_(asked_for ? ours : -1) {
  struct stat st;
  Name name;
  if (ours_ < 0 || fstat(ours_, &st) != 0 || !name_of(st, &name)) return;
  if (!is_known(name)) {
    if (!writes_packets(target.thread(), name)) return;
    remember(name);
  }
  *std::find(shown, shown + 1, -1) = ours_;
}

ShownPackets::~ShownPackets() {
  if (ours_ >= 0) std::replace(shown, shown + 2, ours_, -1);
}

}  // namespace anysplice::tools
