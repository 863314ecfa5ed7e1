// Two processes with one pipe, each the first of a PID namespace of its own: their ids are equal,
// of processes and of threads. None of them may be taken for the other.
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

int by_name() { return unshare(CLONE_NEWPID); }
int by_number() { return static_cast<int>(syscall(SYS_unshare, CLONE_NEWPID)); }
// Nobody is told of this one.
int unseen() { return static_cast<int>(raw_syscall(SYS_unshare, CLONE_NEWPID, 0, 0)); }

// A process that does it as number 1, by a parent that stays outside.
pid_t start_as_first(int (*leave)(), const std::function<void()>& what) {
  return start([&] {
    if (leave() != 0) skip("no PID namespaces here");
    const pid_t first = fork();
    CHECK(first >= 0);
    if (first == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      CHECK_EQ(getpid(), 1);
      CHECK_EQ(gettid(), 1);
      what();
      _exit(0);
    }
    // The pipes end with their users.
    CHECK_EQ(close_range(3, ~0u, 0), 0);
    int status = 0;
    CHECK_EQ(waitpid(first, &status, 0), first);
    if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
    _exit(128 + WTERMSIG(status));
  });
}

void finish_all(const std::vector<pid_t>& children) {
  for (const pid_t child : children) {
    int status = 0;
    CHECK_EQ(waitpid(child, &status, 0), child);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 77) skip("no PID namespaces here");
    CHECK_EQ(status, 0);
  }
}

// So that they know of each other: bytes held before they are forked, and while they are.
struct Common {
  Pipe pipe, copies;
  explicit Common(int flags = 0) : pipe(flags), copies(flags) {
    const Pipe other;
    put(pipe.w, "x");
    CHECK_EQ(tee(pipe.r, other.w, 1, 0), 1);
    CHECK_EQ(take(pipe.r, 1), "x");
  }
};

// They answer each other, and each waits for the other's bytes.
void answer(int (*leave)()) {
  const Common there, back;
  const int rounds = 100 * times();
  const auto talk = [rounds](const Common& from, const Common& to, bool first) {
    const std::string bytes = pattern(3000);
    for (int i = 0; i < rounds; ++i) {
      if (first || i > 0) put(to.pipe.w, bytes);
      CHECK(tee(from.pipe.r, from.copies.w, 100, 0) == 100);
      CHECK(take(from.pipe.r, 50) == bytes.substr(0, 50));
      CHECK(take(from.copies.r, 100) == bytes.substr(0, 100));
      const Pipe own;
      CHECK_EQ(splice(from.pipe.r, nullptr, own.w, nullptr, 1000, 0), 1000);
      CHECK(take(own.r, 1000) == bytes.substr(50, 1000));
      CHECK(take(from.pipe.r, 1950) == bytes.substr(1050));
      for (const int fd : {own.r, own.w}) CHECK_EQ(close(fd), 0);
    }
    if (!first) put(to.pipe.w, bytes);
  };
  finish_all({start_as_first(leave, [&] { talk(back, there, true); }),
              start_as_first(leave, [&] { talk(there, back, false); })});
}

// Both take from one pipe at the same time: each record comes out once.
void share(int (*leave)()) {
  const Common common;
  const Pipe results;
  constexpr uint32_t kRecords = 6000;
  const auto collect = [&] {
    close(common.pipe.w);
    const Pipe own;
    for (;;) {
      const ssize_t n = splice(common.pipe.r, nullptr, own.w, nullptr, 64, 0);
      CHECK(n >= 0);
      if (n == 0) return;
      put(results.w, take(own.r, static_cast<size_t>(n)));
    }
  };
  std::vector<pid_t> children = {start_as_first(leave, collect), start_as_first(leave, collect)};
  children.push_back(start([&] {
    for (uint32_t i = 0; i < kRecords; ++i) {
      put(common.pipe.w, {reinterpret_cast<const char*>(&i), sizeof(i)});
      if (i % 500 == 0) sleep_ms(1);
    }
  }));
  for (const int fd : {common.pipe.r, common.pipe.w, results.w}) close(fd);
  const std::string got = take(results.r, kRecords * sizeof(uint32_t) + 1);
  std::vector<uint32_t> records(got.size() / sizeof(uint32_t));
  memcpy(records.data(), got.data(), records.size() * sizeof(uint32_t));
  std::sort(records.begin(), records.end());
  CHECK_EQ(got.size(), kRecords * sizeof(uint32_t));
  for (uint32_t i = 0; i < kRecords; ++i) CHECK_EQ(records[i], i);
  finish_all(children);
}

// Takes a byte, if there is one.
bool take_one(int fd) {
  char byte;
  const ssize_t n = read(fd, &byte, 1);
  CHECK(n > 0 || errno == EAGAIN);
  return n > 0;
}

// One is killed at work; the other, whose id is the same, goes on. Nobody was told that their ids
// mean nothing to each other. (Who leaves by name is a stranger from then on, and bytes of
// strangers who write all the time cannot always be put back: docs/limitations.md.)
void outlive() {
  for (int i = 0; i < 10 * times(); ++i) {
    const Common common(O_NONBLOCK);
    const auto work = [&](double until) {
      while (seconds() < until) {
        put(common.pipe.w, "record");
        const ssize_t n = tee(common.pipe.r, common.copies.w, 6, 0);
        CHECK(n > 0 || errno == EAGAIN);
        for (int byte = 0; byte < 6; ++byte) take_one(common.pipe.r);
        while (take_one(common.copies.r)) {
        }
      }
    };
    const double start = seconds();
    const Pipe begun;
    const pid_t doomed = start_as_first(unseen, [&] {
      put(begun.w, "!");  // from now on it dies with its parent
      work(start + 5);
    });
    close(begun.w);
    if (take(begun.r, 1).empty()) finish_all({doomed});
    close(begun.r);
    const pid_t other = start_as_first(unseen, [&] { work(start + 0.03); });
    sleep_ms(1 + i);
    kill(doomed, SIGKILL);
    finish_all({other});
    CHECK_EQ(waitpid(doomed, nullptr, 0), doomed);
    for (const int fd : {common.pipe.r, common.pipe.w, common.copies.r, common.copies.w}) {
      CHECK_EQ(close(fd), 0);
    }
  }
}

}  // namespace

HAZARD(both_answer) { answer(by_name); }
HAZARD(both_answer_by_number) { answer(by_number); }
HAZARD(both_answer_unseen) { answer(unseen); }

HAZARD(both_take) { share(by_name); }
HAZARD(both_take_unseen) { share(unseen); }

HAZARD(one_outlives_the_other_unseen) { outlive(); }
