#include "sites.h"

#include <link.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace faults {
namespace {

// Where this program was loaded.
uintptr_t base() {
  uintptr_t address = 0;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* to) {
        *static_cast<uintptr_t*>(to) = info->dlpi_addr;
        return 1;  // the program is the first
      },
      &address);
  return address;
}

// Whether a source is part of the engine on this system: FAULTS_SOURCES lists their names, each
// between commas.
bool is_compiled(const std::filesystem::path& source) {
  static const std::string all = FAULTS_SOURCES;
  const auto folder = source.parent_path();
  if (folder.filename() == "posix" &&
      std::filesystem::exists(folder.parent_path() / "linux" / source.filename())) {
    return false;
  }
  return all.find("," + source.filename().string() + ",") != std::string::npos;
}

// The known site of a function at a line, or the last one shortly before it: a call may go over
// several lines.
std::string nearest(const std::string& file, int line, const std::string& function,
                    const std::set<std::string>& known) {
  for (int back = 0; back < 4; ++back) {
    const std::string name = file + ":" + std::to_string(line - back) + " " + function;
    if (known.count(name) != 0) return name;
  }
  return file + ":" + std::to_string(line) + " " + function;
}

}  // namespace

std::set<std::string> sites_in_source(const std::string& folder) {
  static const std::regex call("sys->([a-z0-9_]+)\\(");
  std::set<std::string> found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto extension = entry.path().extension();
    if (extension != ".cc" && extension != ".h") continue;
    // What makes the calls fail itself, and what only other systems have.
    if (entry.path().parent_path().filename() == "inject") continue;
    if (extension == ".cc" && !is_compiled(entry.path())) continue;
    std::ifstream file(entry.path());
    int number = 0;
    for (std::string line; std::getline(file, line);) {
      ++number;
      if (const size_t start = line.find_first_not_of(' ');
          start != std::string::npos && line.compare(start, 2, "//") == 0) {
        continue;
      }
      for (std::sregex_iterator at(line.begin(), line.end(), call), end; at != end; ++at) {
        found.insert(entry.path().filename().string() + ":" + std::to_string(number) + " " +
                     (*at)[1].str());
      }
    }
  }
  return found;
}

std::map<uintptr_t, std::string> names_of(const std::map<uintptr_t, std::string>& sites,
                                          const std::set<std::string>& known) {
  std::map<uintptr_t, std::string> names;
  if (sites.empty()) return names;
  std::ostringstream command;
  command << "addr2line -s -e /proc/" << getpid() << "/exe" << std::hex;
  // A return address belongs to the line after the call.
  for (const auto& [site, function] : sites) command << " 0x" << site - base() - 1;
  FILE* lines = popen(command.str().c_str(), "r");
  if (lines == nullptr) throw std::runtime_error("addr2line");
  char line[256];
  for (const auto& [site, function] : sites) {
    if (fgets(line, sizeof(line), lines) == nullptr) throw std::runtime_error("addr2line");
    std::string text(line);
    const size_t colon = text.find(':');
    names[site] = nearest(text.substr(0, colon), atoi(text.c_str() + colon + 1), function, known);
  }
  pclose(lines);
  return names;
}

}  // namespace faults
