#include "tools/program.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <optional>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "tools/elf_file.h"
#include "tools/library_path.h"

namespace anysplice::tools {
namespace {

constexpr int kMaxInterpreters = 5;  // of a script, one by the other; the kernel allows no more

std::string search_path() {
  if (const char* path = getenv("PATH"); path != nullptr) return path;
  char standard[PATH_MAX] = "";
  confstr(_CS_PATH, standard, sizeof(standard));
  return standard;
}

// 0, or why the file cannot be executed.
int execute_error(const std::string& path) {
  struct stat st;
  if (stat(path.c_str(), &st) != 0) return errno;
  if (S_ISDIR(st.st_mode)) return EISDIR;
  return eaccess(path.c_str(), X_OK) == 0 ? 0 : errno;
}

bool is_missing(int error) { return error == ENOENT || error == ENOTDIR; }

absl::Status cannot_execute(absl::string_view name, int error) {
  const std::string text = absl::StrCat("cannot run '", name, "': ", strerror(error));
  return is_missing(error) ? absl::NotFoundError(text) : absl::PermissionDeniedError(text);
}

// The interpreter a script names in its first line; empty if it is no script.
std::string script_interpreter(int fd) {
  char line[PATH_MAX] = {};
  if (pread(fd, line, sizeof(line) - 1, 0) < 3 || line[0] != '#' || line[1] != '!') return "";
  const char* start = line + 2 + strspn(line + 2, " \t");
  return std::string(start, strcspn(start, " \t\r\n"));
}

std::optional<ElfFile> read_elf_at(const std::string& path) {
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  absl::Cleanup shut = [fd] { close(fd); };
  return read_elf(fd);
}

bool grants_capabilities(const std::string& path) {
  vfs_ns_cap_data caps = {};  // the longest form; multi-byte fields are little-endian
  const ssize_t size = getxattr(path.c_str(), "security.capability", &caps, sizeof(caps));
  if (size < static_cast<ssize_t>(XATTR_CAPS_SZ_1)) return false;
  return caps.magic_etc != 0 && (caps.data[0].permitted != 0 || caps.data[1].permitted != 0);
}

// What makes the dynamic loader distrust its environment (AT_SECURE in getauxval(3)); empty if
// nothing does.
absl::string_view privilege_gain(const std::string& path, bool no_new_privs) {
  struct stat st;
  struct statvfs fs;
  if (stat(path.c_str(), &st) != 0) return "";
  if (no_new_privs || (statvfs(path.c_str(), &fs) == 0 && (fs.f_flag & ST_NOSUID) != 0)) return "";
  const uid_t euid = (st.st_mode & S_ISUID) != 0 ? st.st_uid : geteuid();
  if (euid != getuid()) return "is set-uid";
  // Without the group's execute bit the set-gid bit means something else.
  const bool setgid = (st.st_mode & S_ISGID) != 0 && (st.st_mode & S_IXGRP) != 0;
  if ((setgid ? st.st_gid : getegid()) != getgid()) return "is set-gid";
  if (getuid() != 0 && grants_capabilities(path)) return "has file capabilities";
  return "";
}

// `who`: how the program is called in messages. `path`: the file the kernel will execute.
absl::Status check_binary(absl::string_view who, const std::string& path, const ElfFile& program,
                          const absl::StatusOr<std::string>& library, bool no_new_privs) {
  if (const absl::string_view gain = privilege_gain(path, no_new_privs); !gain.empty()) {
    return absl::FailedPreconditionError(
        absl::StrCat(who, " ", gain,
                     " and would gain privileges: the dynamic loader then ignores "
                     "LD_PRELOAD, so anysplice cannot be preloaded"));
  }
  if (program.is_static) {
    return absl::UnimplementedError(absl::StrCat(
        who,
        " is statically linked and loads no shared library, so anysplice cannot be preloaded"));
  }
  if (!library.ok()) {
    if (!program.uses_musl()) return library.status();
    return absl::UnavailableError(absl::StrCat(who, " is a program for musl (", program.interpreter,
                                               "): ", library.status().message()));
  }
  const auto lib = read_elf_at(*library);
  if (lib && !program.same_machine(*lib)) {
    return absl::OutOfRangeError(absl::StrCat(
        who, " is a program for ", program.machine_name(), ", but ", *library, " is for ",
        lib->machine_name(), ": anysplice cannot be preloaded (ANYSPLICE_LIBRARY names another)"));
  }
  if (lib && program.uses_musl() != lib->uses_musl() && !program.interpreter.empty()) {
    return absl::UnavailableError(
        absl::StrCat(who, " uses another C library (", program.interpreter, ") than ", *library,
                     ": anysplice cannot be preloaded (ANYSPLICE_LIBRARY names another)"));
  }
  return absl::OkStatus();
}

// The file that the kernel will execute: the program, or the interpreter of a script.
struct Binary {
  std::string who;  // what it is called in messages
  std::string file;
  ElfFile elf;
};

// Nothing if it cannot be told.
absl::StatusOr<std::optional<Binary>> binary_of(const std::string& path) {
  std::string file = path;
  std::string who = absl::StrCat("'", path, "'");
  for (int depth = 0; depth <= kMaxInterpreters; ++depth) {
    const int fd = open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) break;  // executable but not readable, or gone: exec will tell
    absl::Cleanup shut = [fd] { close(fd); };
    if (auto elf = read_elf(fd)) return Binary{who, file, *std::move(elf)};
    const std::string interpreter = script_interpreter(fd);
    if (interpreter.empty()) break;
    if (const int error = execute_error(interpreter); error != 0) {
      return cannot_execute(absl::StrCat(path, "' through its interpreter '", interpreter), error);
    }
    file = interpreter;
    who = absl::StrCat("'", path, "' is run by '", file, "', which");
  }
  return std::nullopt;
}

}  // namespace

bool is_go_program(const std::string& path) {
  const std::optional<ElfFile> program = read_elf_at(path);
  return program && program->is_go;
}

absl::StatusOr<std::string> find_program(const std::string& name) {
  if (absl::StrContains(name, '/')) {
    const int error = execute_error(name);
    if (error != 0) return cannot_execute(name, error);
    return name;
  }
  int worst = ENOENT;
  for (const absl::string_view folder : absl::StrSplit(search_path(), ':')) {
    std::string path = absl::StrCat(folder.empty() ? "." : folder, "/", name);
    const int error = execute_error(path);
    if (error == 0) return path;
    // A folder of that name is passed by; a file that cannot be executed is worth telling.
    if (!is_missing(error) && error != EISDIR) worst = error;
  }
  return cannot_execute(name, worst);
}

Libc libc_of(const std::string& path) {
  for (const std::string& program : {path, std::string("/bin/sh")}) {
    const absl::StatusOr<std::optional<Binary>> binary = binary_of(program);
    if (!binary.ok() || !*binary || (*binary)->elf.is_static) continue;
    return (*binary)->elf.uses_musl() ? Libc::kMusl : Libc::kGlibc;
  }
  return Libc::kGlibc;
}

absl::Status check_preloadable(const std::string& path, const absl::StatusOr<std::string>& library,
                               bool no_new_privs) {
  const absl::StatusOr<std::optional<Binary>> binary = binary_of(path);
  if (!binary.ok()) return binary.status();
  if (!*binary) return library.status();
  return check_binary((*binary)->who, (*binary)->file, (*binary)->elf, library, no_new_privs);
}

}  // namespace anysplice::tools
