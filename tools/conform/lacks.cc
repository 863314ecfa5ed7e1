#include "tools/conform/lacks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

namespace conform {
namespace {

constexpr struct {
  const char* end;
  const char* path;
  int flags;
} kFiles[] = {
    {"/dev/null", "/dev/null", O_RDWR},
    {"/dev/zero", "/dev/zero", O_RDWR},
    {"/dev/full", "/dev/full", O_RDWR},
    {"/proc/version", "/proc/version", O_RDONLY},
    {"/proc/filesystems", "/proc/filesystems", O_RDONLY},
    {"sysctl file", "/proc/sys/kernel/ostype", O_RDONLY},
    {"sysfs file", "/sys/devices/system/cpu/online", O_RDONLY},
};

bool opens(const char* path, int flags) {
  const int fd = open(path, flags | O_CLOEXEC);
  if (fd >= 0) close(fd);
  return fd >= 0;
}

bool terminals() {
  const int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
  char name[64];
  const bool have = master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0 &&
                    ptsname_r(master, name, sizeof name) == 0 && opens(name, O_RDWR | O_NOCTTY);
  if (master >= 0) close(master);
  return have;
}

}  // namespace

std::vector<Lack> lacks_here() {
  std::vector<Lack> all;
  for (const auto& file : kFiles) {
    if (!opens(file.path, file.flags)) {
      all.push_back({file.end, std::string(file.path) + " cannot be opened here"});
    }
  }
  if (!terminals()) all.push_back({"terminal", "no terminal can be made here"});
  return all;
}

}  // namespace conform
