// A forked child that writes over all memory that it shares with its parent, with its privileges or
// without them, must not reach into the parent: no crash, no hang, and of the parent's pipes
// nothing but their own bytes comes out.
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "hazard.h"
#include "tests/scribble.h"

using namespace hazard;

namespace {

constexpr uid_t kNobody = 65534;

[[noreturn]] void scribble(const std::vector<Range>& ranges, uint64_t seed) {
  for (Scribbler scribbler(seed);;) {
    scribbler.write_over(ranges);
    if (ranges.empty()) pause();
  }
}

enum class Rights { kKept, kDropped, kDroppedUnseen };

void drop_privileges() {
  CHECK_EQ(setgroups(0, nullptr), 0);
  CHECK_EQ(setresgid(kNobody, kNobody, kNobody), 0);
  CHECK_EQ(setresuid(kNobody, kNobody, kNobody), 0);
}

// By instructions of its own: nobody can take the memory from it.
void drop_privileges_unseen() {
  CHECK_EQ(raw_syscall(SYS_setgroups, 0, 0, 0), 0);
  CHECK_EQ(raw_syscall(SYS_setresgid, kNobody, kNobody, kNobody), 0);
  CHECK_EQ(raw_syscall(SYS_setresuid, kNobody, kNobody, kNobody), 0);
}

// What a parent does with pipes that the child has ends of, and with others; each byte is looked
// at.
void work(const Pipe& common, int rounds) {
  const std::string secret = "nothing of this may come out of any pipe";
  char guarded[64];
  memset(guarded, 'g', sizeof(guarded));
  for (int round = 0; round < rounds; ++round) {
    const Pipe own, copy;
    const std::string bytes = pattern(100 + static_cast<size_t>(round * 977 % 9000));
    put(own.w, bytes);
    CHECK_EQ(tee(own.r, copy.w, bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
    CHECK(take(own.r, bytes.size()) == bytes);
    CHECK(take(copy.r, bytes.size()) == bytes);

    // What the child may read too. It does not: all that was written comes out, in order.
    put(common.w, bytes);
    const ssize_t seen = tee(common.r, copy.w, bytes.size(), SPLICE_F_NONBLOCK);
    CHECK(seen > 0);
    CHECK(take(copy.r, static_cast<size_t>(seen)) == bytes.substr(0, static_cast<size_t>(seen)));
    CHECK_EQ(splice(common.r, nullptr, own.w, nullptr, 50, 0), 50);
    CHECK(take(own.r, 50) == bytes.substr(0, 50));
    CHECK(take(common.r, bytes.size() - 50) == bytes.substr(50));
    for (const int fd : {own.r, own.w, copy.r, copy.w}) CHECK_EQ(close(fd), 0);
  }
  CHECK_EQ(std::string(guarded, sizeof(guarded)), std::string(sizeof(guarded), 'g'));
  CHECK_EQ(secret, "nothing of this may come out of any pipe");
}

// So that the engine has something to share: bytes held when the child is made, and after it.
void with_scribbler(Rights rights, int rounds) {
  const Pipe common, early;
  put(common.w, "a");
  CHECK_EQ(tee(common.r, early.w, 1, 0), 1);
  CHECK_EQ(take(common.r, 1), "a");
  std::vector<pid_t> children;
  for (uint64_t seed = 1; seed <= 2; ++seed) {
    children.push_back(start([&] {
      const std::vector<Range> ranges = shared_mappings();
      if (rights == Rights::kDropped) drop_privileges();
      if (rights == Rights::kDroppedUnseen) drop_privileges_unseen();
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      scribble(ranges, seed);
    }));
  }
  work(common, rounds);
  for (const pid_t child : children) {
    kill(child, SIGKILL);
    CHECK_EQ(waitpid(child, nullptr, 0), child);
  }
  // And on, with whatever was left there.
  work(common, 20);
}

}  // namespace

HAZARD(a_child_that_writes_over_shared_memory) { with_scribbler(Rights::kKept, 400 * times()); }

// In a child that gave up its privileges nothing is left to write to, wherever it remembers it
// from.
HAZARD(a_child_without_rights_that_writes_over_shared_memory) {
  if (geteuid() != 0) skip("needs root");
  with_scribbler(Rights::kDropped, 400 * times());
}

HAZARD(a_child_that_drops_its_rights_unseen_and_writes_over_shared_memory) {
  if (geteuid() != 0) skip("needs root");
  with_scribbler(Rights::kDroppedUnseen, 400 * times());
}

// What relatives share has no bytes of any pipe, wherever those are: in a ring, held, or gone from
// there a moment ago.
HAZARD(bytes_are_only_in_private_memory) {
  const std::string secret = "these bytes are nobody else's " + pattern(5000);
  const auto looked_for = [&] {
    for (const Range& range : shared_mappings()) {
      CHECK(memmem(range.start, range.size, secret.data(), 16) == nullptr);
      CHECK(memmem(range.start, range.size, secret.data() + secret.size() - 16, 16) == nullptr);
    }
  };
  const Teed before(secret);
  const pid_t idle = start([] { pause(); });
  looked_for();
  const Teed after(secret);
  looked_for();
  finish(start([&] {
    looked_for();
    const Pipe copy;
    CHECK(tee(before.pipe.r, copy.w, secret.size(), 0) > 0);
    looked_for();
    CHECK(take(before.pipe.r, secret.size()) == secret);
    looked_for();
  }));
  CHECK(take(after.pipe.r, secret.size()) == secret);
  CHECK(take(before.copy.r, secret.size()) == secret);
  looked_for();
  kill(idle, SIGKILL);
}

// Of two children none has the page in which the other and their parent tell each other what they
// read. (The page of turns they have in common.)
HAZARD(a_child_does_not_have_its_siblings_page) {
  const Teed teed("abc");
  const Pipe go;
  const pid_t first = start([&] {
    const std::vector<Range> mine = shared_mappings();
    put(go.w,
        std::string(reinterpret_cast<const char*>(mine.data()), mine.size() * sizeof(Range)) + ".");
    pause();
  });
  std::string bytes(100 * sizeof(Range), '\0');
  const ssize_t n = read(go.r, bytes.data(), bytes.size());
  const size_t count = n < 0 ? 0 : static_cast<size_t>(n) / sizeof(Range);
  finish(start([&] {
    size_t common = 0;
    for (const Range& mine : shared_mappings()) {
      for (size_t i = 0; i < count; ++i) {
        Range theirs;
        memcpy(&theirs, bytes.data() + i * sizeof(Range), sizeof(Range));
        if (theirs.start < mine.start + mine.size && mine.start < theirs.start + theirs.size) {
          ++common;
        }
      }
    }
    CHECK(common <= 1);
  }));
  kill(first, SIGKILL);
}
