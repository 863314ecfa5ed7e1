#include "tools/conform/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace conform {
namespace {

// By mountinfo, whose lines are "ID PARENT MAJOR:MINOR ROOT PLACE OPTIONS ... - TYPE ...".
std::string type_of_files() {
  struct stat folder;
  if (stat(folder_of_files().c_str(), &folder) != 0) return "unknown";
  const std::string device =
      std::to_string(major(folder.st_dev)) + ":" + std::to_string(minor(folder.st_dev));
  std::ifstream mounts("/proc/self/mountinfo");
  for (std::string line; std::getline(mounts, line);) {
    std::istringstream words(line);
    std::string id, parent, number, word;
    words >> id >> parent >> number;
    if (number != device) continue;
    while (words >> word && word != "-") continue;
    if (words >> word) return word;
  }
  return "unknown";
}

int release_number(const char* text) {
  int major = 0, minor = 0;
  if (sscanf(text, "%d.%d", &major, &minor) != 2) return 0;
  constexpr int kOfEachMajor = 20;
  return major * kOfEachMajor + minor;
}

}  // namespace

std::string this_system() {
  utsname name;
  if (uname(&name) != 0) return "unknown";
  const std::string_view release = name.release;
  const std::string numbers(release.substr(0, release.find_first_not_of("0123456789.")));
  return std::string(name.sysname) + " " + numbers + " " + name.machine;
}

std::map<std::string, std::string> this_machine() {
  std::map<std::string, std::string> all = {
      {"file system", type_of_files()},
      {"processors", std::to_string(sysconf(_SC_NPROCESSORS_ONLN))}};
  utsname name;
  if (uname(&name) == 0) all["kernel"] = std::string(name.release) + " " + name.version;
  for (const char* setting : {"fs/pipe-max-size", "net/core/wmem_default"}) {
    std::ifstream file(std::string("/proc/sys/") + setting);
    std::string value, key = setting;
    for (char& c : key) c = c == '/' ? '.' : c;
    if (std::getline(file, value)) all[key] = value;
  }
  return all;
}

int releases_from_here(std::string_view name) {
  utsname here;
  if (uname(&here) != 0 || strcmp(here.sysname, "Linux") != 0) return 0;
  const std::string release(name.substr(name.find('-') + 1));
  return abs(release_number(here.release) - release_number(release.c_str()));
}

std::string folder_of_files() {
  const char* const folder = getenv("TMPDIR");
  return folder != nullptr && *folder != '\0' ? folder : "/tmp";
}

}  // namespace conform
