// What the environment may not do: a program with more privileges than its user takes nothing from
// it, and no program writes to a file that is not its user's. Linked with the shared object,
// because the loader drops the preload of a program with more privileges.
#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <linux/capability.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>

#include <regex>
#include <set>

#include "core/inject/journal.h"
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

// Counts into the file that ANYSPLICE_STATS names, if that is one.
ROLE(counting) {
  const Pipe a, b;
  put(a.w, "x");
  CHECK_EQ(tee(a.r, b.w, 1, 0), 1);
}

HAZARD(counters_go_only_where_they_may) {
  const std::string zeros(65536, '\0');
  const auto file = [&](const char* name, uid_t owner) {
    const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    CHECK_EQ(fchmod(fd, 0666), 0);
    put(fd, zeros);
    CHECK_EQ(fchown(fd, owner, static_cast<gid_t>(-1)), 0);
    return fd;
  };
  const auto count_in = [&](const char* name) {
    setenv("ANYSPLICE_STATS", name, 1);
    finish(rerun("counting", "", 0));
  };
  const auto content = [&](int fd) {
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return take(fd, zeros.size());
  };
  const int mine = file("mine", getuid());
  CHECK_EQ(symlink("mine", "link"), 0);
  CHECK_EQ(mkfifo("fifo", 0600), 0);
  CHECK_EQ(mkdir("folder", 0700), 0);
  for (const char* name : {"link", "fifo", "folder", "none"}) count_in(name);
  CHECK_EQ(content(mine), zeros);
  CHECK_FAILS(access("none", F_OK), ENOENT);
  if (getuid() == 0) {
    const int others = file("others", kNobody);
    count_in("others");
    CHECK_EQ(content(others), zeros);
  }
  // Not a file of counters: what is in it stays.
  const int text = open("text", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  const std::string words = pattern(zeros.size());
  put(text, words);
  count_in("text");
  CHECK_EQ(content(text), words);
  // Too short to count in; nothing is added.
  const int small = open("small", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  put(small, std::string(100, '\0'));
  count_in("small");
  CHECK_EQ(content(small), std::string(100, '\0'));
  count_in("mine");
  CHECK(content(mine) != zeros);
}

HAZARD(journal_goes_only_where_it_may) {
  using anysplice::inject::Journal;
  constexpr size_t kHead = offsetof(Journal, entry);
  const auto file = [&](const char* name, uid_t owner, uint64_t magic) {
    const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    CHECK_EQ(fchmod(fd, 0666), 0);
    CHECK_EQ(ftruncate(fd, sizeof(Journal)), 0);
    CHECK_EQ(pwrite(fd, &magic, sizeof(magic), 0), static_cast<ssize_t>(sizeof(magic)));
    CHECK_EQ(fchown(fd, owner, static_cast<gid_t>(-1)), 0);
    return fd;
  };
  const auto head = [&](int fd) {
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return take(fd, kHead);
  };
  const auto unchanged = [&](const char* named, int fd) {
    const std::string before = head(fd);
    setenv("ANYSPLICE_JOURNAL", named, 1);
    finish(rerun("counting", "", 0));
    return head(fd) == before;
  };
  setenv("ANYSPLICE_INJECT", "splice:short=0.5", 1);
  const int mine = file("mine", getuid(), Journal::kMagic);
  CHECK_EQ(symlink("mine", "link"), 0);
  CHECK(unchanged("link", mine));
  CHECK(unchanged("none", mine));
  CHECK_FAILS(access("none", F_OK), ENOENT);
  if (getuid() == 0) CHECK(unchanged("others", file("others", kNobody, Journal::kMagic)));
  CHECK(unchanged("text", file("text", getuid(), Journal::kMagic + 1)));
  const int small = file("small", getuid(), Journal::kMagic);
  CHECK_EQ(ftruncate(small, kHead), 0);
  CHECK(unchanged("small", small));
  CHECK(!unchanged("mine", mine));
}

HAZARD(replay_is_only_read) {
  const std::string decisions = "secure 0 tee 1 limit=1\n";
  const int file = open("decisions", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  put(file, decisions);
  CHECK_EQ(fchmod(file, 0400), 0);
  struct stat before, after;
  CHECK_EQ(fstat(file, &before), 0);
  setenv("ANYSPLICE_REPLAY", "decisions", 1);
  finish(rerun("counting", "", 0));
  CHECK_EQ(fstat(file, &after), 0);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(take(file, 1000), decisions);
  CHECK_EQ(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

HAZARD(a_change_of_rights_changes_nothing) {
  if (getuid() != 0) skip("needs root to give privileges up");
  setenv("ANYSPLICE_MODE", "absent=EILSEQ", 1);
  finish(rerun("with_fewer_rights", "", 0));
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
