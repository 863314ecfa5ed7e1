// What the environment may not do: a program with more privileges than its user takes nothing from
// it, and no program writes to a file that is not its user's. Linked with the shared object,
// because the loader drops the preload of a program with more privileges.
#include <dlfcn.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <regex>
#include <set>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr uid_t kNobody = 65534;
constexpr int kNotSecure = 3;

void copy_self(const char* to, mode_t mode) {
  const int in = open("/proc/self/exe", O_RDONLY);
  const int out = open(to, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
  CHECK(in >= 0 && out >= 0);
  for (std::string bytes; !(bytes = take(in, 1 << 16)).empty();) put(out, bytes);
  CHECK_EQ(fchmod(out, mode), 0);
  close(out);
}

// The environment variables whose names are in the library.
std::set<std::string> variables() {
  std::set<std::string> names;
  Dl_info info;
  CHECK(dladdr(reinterpret_cast<void*>(tee), &info) != 0);
  const int fd = open(info.dli_fname, O_RDONLY | O_CLOEXEC);
  CHECK(fd >= 0);
  std::string all;
  for (std::string bytes; !(bytes = take(fd, 1 << 16)).empty();) all += bytes;
  static const std::regex name("ANYSPLICE_[A-Z_]+");
  for (std::sregex_iterator at(all.begin(), all.end(), name), end; at != end; ++at) {
    names.insert(at->str());
  }
  CHECK(names.count("ANYSPLICE_STATS") == 1);
  close(fd);
  return names;
}

bool give_capability(const char* program) {
  vfs_cap_data any{};
  any.magic_etc = VFS_CAP_REVISION_2 | VFS_CAP_FLAGS_EFFECTIVE;
  any.data[0].permitted = 1u << CAP_NET_RAW;
  return setxattr(program, "security.capability", &any, XATTR_CAPS_SZ_2, 0) == 0;
}

std::string library() {
  Dl_info info;
  CHECK(dladdr(reinterpret_cast<void*>(tee), &info) != 0);
  char path[PATH_MAX];
  CHECK(realpath(info.dli_fname, path) != nullptr);
  return path;
}

// Runs the copy with an environment that makes splice fail and asks for counters and the like.
int status_of(const char* program, const char* role, uid_t user,
              const std::set<std::string>& names) {
  int status = 0;
  const pid_t child = start([&] {
    for (const std::string& name : names)
      setenv(name.c_str(), name == "ANYSPLICE_TRACE" ? "trace" : "stats", 1);
    setenv("ANYSPLICE_MODE", "absent=EILSEQ", 1);
    CHECK_EQ(setgid(user), 0);
    CHECK_EQ(setuid(user), 0);
    execl(program, program, role, nullptr);
    fail(__FILE__, __LINE__, "exec");
  });
  CHECK_EQ(waitpid(child, &status, 0), child);
  CHECK(WIFEXITED(status));
  return WEXITSTATUS(status);
}

}  // namespace

ROLE(with_the_users_rights) {
  const Pipe a, b;
  put(a.w, "x");
  CHECK_FAILS(tee(a.r, b.w, 1, 0), EILSEQ);
}

ROLE(with_more_rights) {
  if (getauxval(AT_SECURE) == 0) _exit(kNotSecure);
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void*) {
        CHECK(strstr(info->dlpi_name, "libanysplice-log") == nullptr);
        return 0;
      },
      nullptr);
  const Pipe a, b;
  put(a.w, "x");
  CHECK_EQ(tee(a.r, b.w, 1, 0), 1);
}

// Gives privileges up, and keeps what it was told at its start.
ROLE(with_fewer_rights) {
  CHECK_EQ(setgid(kNobody), 0);
  CHECK_EQ(setuid(kNobody), 0);
  const Pipe a, b;
  put(a.w, "x");
  CHECK_FAILS(tee(a.r, b.w, 1, 0), EILSEQ);
}

HAZARD(a_change_of_rights_changes_nothing) {
  if (getuid() != 0) skip("needs root to give privileges up");
  setenv("ANYSPLICE_MODE", "absent=EILSEQ", 1);
  finish(rerun("with_fewer_rights", "", 0));
}

// The loader's rule, for programs that know nothing of the library.
HAZARD(preload_is_ignored) {
  if (getuid() != 0) skip("needs root to make a set-uid program");
  CHECK_EQ(chmod(".", 0755), 0);
  const auto copy = [](const char* name, mode_t mode) {
    const int in = open("/bin/cat", O_RDONLY | O_CLOEXEC);
    const int out = open(name, O_WRONLY | O_CREAT | O_CLOEXEC, 0700);
    if (in < 0) skip("no cat");
    for (std::string bytes; !(bytes = take(in, 1 << 16)).empty();) put(out, bytes);
    CHECK_EQ(fchmod(out, mode), 0);
    close(in);
    close(out);
  };
  const auto loads = [](const char* name) {
    const Pipe maps;
    const pid_t child = start([&] {
      setenv("LD_PRELOAD", library().c_str(), 1);
      CHECK_EQ(setgid(kNobody), 0);
      CHECK_EQ(setuid(kNobody), 0);
      CHECK_EQ(dup2(maps.w, 1), 1);
      execl(name, name, "/proc/self/maps", nullptr);
      fail(__FILE__, __LINE__, "exec");
    });
    close(maps.w);
    const std::string all = take(maps.r, 1 << 20);
    finish(child);
    CHECK(all.find("libc.so") != std::string::npos);
    return all.find("libanysplice") != std::string::npos;
  };
  copy("plain", 0755);
  copy("secure", 04755);
  copy("group", 02755);
  if (!loads("./plain")) skip("the library lies in a folder that other users may not enter");
  CHECK(!loads("./secure"));
  CHECK(!loads("./group"));
  copy("capable", 0755);
  if (give_capability("./capable")) CHECK(!loads("./capable"));
}

HAZARD(environment_is_ignored) {
  if (getuid() != 0) skip("needs root to make a set-uid program");
  CHECK_EQ(chmod(".", 0755), 0);
  const int stats = open("stats", O_RDWR | O_CREAT, 0600);
  CHECK_EQ(ftruncate(stats, 65536), 0);
  const int trace = open("trace", O_RDWR | O_CREAT, 0600);
  copy_self("plain", 0755);
  copy_self("secure", 04755);
  copy_self("group", 02755);
  copy_self("capable", 0755);
  // As root, because nobody may not be allowed to read the library.
  CHECK_EQ(status_of("./plain", "@with_the_users_rights", 0, {}), 0);
  if (status_of("./plain", "@with_the_users_rights", kNobody, {}) == 127) {
    skip("the library lies in a folder that other users may not enter");
  }
  const int secure = status_of("./secure", "@with_more_rights", kNobody, variables());
  if (secure == kNotSecure) skip("set-uid has no effect here");
  CHECK_EQ(secure, 0);
  CHECK_EQ(status_of("./group", "@with_more_rights", kNobody, variables()), 0);
  // Not every file system can have them (capabilities(7)).
  if (give_capability("./capable")) {
    CHECK_EQ(status_of("./capable", "@with_more_rights", kNobody, variables()), 0);
  }
  CHECK_EQ(take(stats, 65536), std::string(65536, '\0'));
  struct stat after;
  CHECK_EQ(fstat(stats, &after), 0);
  CHECK_EQ(after.st_size, 65536);
  CHECK_EQ(take(trace, 1), "");
}
