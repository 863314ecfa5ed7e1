// Into which of the files that its environment names the library writes, and which it leaves alone.
#include <fcntl.h>
#include <stddef.h>
#include <sys/stat.h>

#include "core/inject/journal.h"
#include "core/telemetry/findings.h"
#include "hazard.h"

using namespace hazard;

namespace {

constexpr uid_t kNobody = 65534;

}  // namespace

// Counts into the file that ANYSPLICE_STATS names, if that is one.
ROLE(counting) {
  const Pipe a, b;
  put(a.w, "x");
  CHECK_EQ(tee(a.r, b.w, 1, 0), 1);
}

// Memory that goes through a pipe.
ROLE(giving) {
  static char bytes[4096];
  const iovec segment{bytes, sizeof(bytes)};
  const Pipe pipe;
  CHECK_EQ(vmsplice(pipe.w, &segment, 1, 0), 4096);
  CHECK_EQ(take(pipe.r, 4096), std::string(4096, '\0'));
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

// The rules are about the last component and what it names, not about how one gets there.
HAZARD(links_that_are_not_looked_at) {
  CHECK_EQ(mkdir("folder", 0700), 0);
  CHECK_EQ(symlink("folder", "link"), 0);
  const int mine = open("folder/mine", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  CHECK_EQ(ftruncate(mine, 65536), 0);
  CHECK_EQ(link("folder/mine", "hard"), 0);
  std::string before(65536, '\0');
  for (const char* name : {"hard", "link/mine"}) {
    setenv("ANYSPLICE_STATS", name, 1);
    finish(rerun("counting", "", 0));
    CHECK_EQ(lseek(mine, 0, SEEK_SET), 0);
    const std::string now = take(mine, 65536);
    CHECK(now != before);
    before = now;
  }
}

HAZARD(findings_go_only_where_they_may) {
  using anysplice::reuse::Findings;
  const auto file = [&](const char* name, uid_t owner, uint64_t magic) {
    const int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    CHECK_EQ(fchmod(fd, 0666), 0);
    CHECK_EQ(ftruncate(fd, sizeof(Findings)), 0);
    CHECK_EQ(pwrite(fd, &magic, sizeof(magic), 0), static_cast<ssize_t>(sizeof(magic)));
    CHECK_EQ(fchown(fd, owner, static_cast<gid_t>(-1)), 0);
    return fd;
  };
  const auto content = [&](int fd) {
    CHECK_EQ(lseek(fd, 0, SEEK_SET), 0);
    return take(fd, sizeof(Findings));
  };
  const auto unchanged = [&](const char* named, int fd) {
    const std::string before = content(fd);
    setenv("ANYSPLICE_FINDINGS", named, 1);
    const int terminal = dup(2), said = open("said", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    dup2(said, 2);
    finish(rerun("giving", "", 0));
    dup2(terminal, 2);
    struct stat told;
    CHECK_EQ(fstat(said, &told), 0);
    const bool same = content(fd) == before;
    CHECK_EQ(told.st_size > 0, same);  // a file that will not do is named
    close(said);
    close(terminal);
    return same;
  };
  setenv("ANYSPLICE_MODE", "emulate", 1);
  setenv("ANYSPLICE_CHECK", "reuse", 1);
  const int mine = file("mine", getuid(), Findings::kMagic);
  CHECK_EQ(symlink("mine", "link"), 0);
  CHECK(unchanged("link", mine));
  CHECK(unchanged("none", mine));
  CHECK_FAILS(access("none", F_OK), ENOENT);
  if (getuid() == 0) CHECK(unchanged("others", file("others", kNobody, Findings::kMagic)));
  CHECK(unchanged("text", file("text", getuid(), Findings::kMagic + 1)));
  const int small = file("small", getuid(), Findings::kMagic);
  CHECK_EQ(ftruncate(small, sizeof(Findings) - 1), 0);
  CHECK(unchanged("small", small));
  CHECK(!unchanged("mine", mine));
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
