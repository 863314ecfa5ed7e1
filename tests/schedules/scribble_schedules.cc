// A forked process that writes over all memory that it shares with its relatives, at every point at
// which the engine hesitates, while they work: each of those points waits until it has done so.
//
// Whatever it writes, with its privileges or without, the others neither crash nor hang, and from
// each pipe comes what was written to it, in order. The hostile process has both ends of some of
// the pipes, which it leaves alone.
//
// Not for ThreadSanitizer, to which memory that another process writes is a race.
#ifndef __SANITIZE_THREAD__
#include <grp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <new>

#include "schedule.h"
#include "tests/scribble.h"
#include "traffic.h"

using namespace schedules;

namespace {

constexpr uid_t kNobody = 65534;

enum class Rights { kKept, kDropped, kDroppedUnseen };

// What the test itself shares; the scribbler spares it.
struct Bell {
  std::atomic<uint32_t> rung;
  std::atomic<uint32_t> answered;  // so many of them
  std::atomic<uint32_t> calls;     // of the family
  std::atomic<uint32_t> words;     // that could be written over
};
Bell* bell;

// Waits until everything was written over once more.
void ring() {
  const uint32_t mine = ++bell->rung;
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (static_cast<int32_t>(bell->answered - mine) < 0) {
    sched_yield();
    if (std::chrono::steady_clock::now() > end) wrong("the hostile process does not answer");
  }
}

[[noreturn]] void be_hostile(Rights rights) {
  std::vector<Range> ranges = shared_mappings();
  const auto is_bell = [](const Range& range) {
    return range.start <= reinterpret_cast<char*>(bell) &&
           reinterpret_cast<char*>(bell) < range.start + range.size;
  };
  ranges.erase(std::remove_if(ranges.begin(), ranges.end(), is_bell), ranges.end());
  for (const Range& range : ranges) bell->words += static_cast<uint32_t>(range.size / 8);
  if (rights == Rights::kDropped) anysplice::before_privilege_change();
  if (rights != Rights::kKept &&
      (setgroups(0, nullptr) != 0 || setresgid(kNobody, kNobody, kNobody) != 0 ||
       setresuid(kNobody, kNobody, kNobody) != 0)) {
    wrong("rights cannot be dropped");
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (Scribbler scribbler(1 + below(1 << 30));;) {
    const uint32_t rung = bell->rung;
    if (rung == bell->answered) {
      sched_yield();
      continue;
    }
    scribbler.write_over(ranges);
    bell->answered = rung;
  }
}

void expect(ssize_t got, size_t want, const char* call) {
  ++bell->calls;
  if (got != static_cast<ssize_t>(want)) {
    wrong(std::string(call) + ": " + std::to_string(got) + ", not " + std::to_string(want) +
          ", errno " + std::to_string(errno));
  }
}

void take(int fd, std::string_view want, const char* where) {
  std::string got(want.size(), '\0');
  for (size_t done = 0; done < got.size();) {
    const ssize_t n = anysplice::read(fd, got.data() + done, got.size() - done);
    if (n <= 0) wrong(std::string(where) + ": errno " + std::to_string(errno));
    done += static_cast<size_t>(n);
  }
  same(where, got, want);
}

void put(int fd, std::string_view bytes) {
  expect(anysplice::write(fd, bytes.data(), bytes.size()), bytes.size(), "write");
}

// Some calls on a pipe that the hostile process has too, and on pipes of this one alone.
void work(const Pipe& common) {
  const Pipe own, copy;
  const std::string_view bytes = stream().substr(below(1 << 19), 100 + below(9000));
  const size_t part = 1 + below(50);
  put(own.w, bytes);
  expect(anysplice::tee(own.r, copy.w, bytes.size(), 0), bytes.size(), "tee");
  take(own.r, bytes, "own pipe");
  take(copy.r, bytes, "its copy");

  put(common.w, bytes);
  const ssize_t seen = anysplice::tee(common.r, copy.w, bytes.size(), kNow);
  if (seen <= 0) expect(seen, bytes.size(), "tee from the common pipe");
  take(copy.r, bytes.substr(0, static_cast<size_t>(seen)), "copy of the common pipe");
  expect(anysplice::splice(common.r, nullptr, own.w, nullptr, part, 0), part, "splice");
  take(own.r, bytes.substr(0, part), "own pipe, from the common one");
  char into[50];
  const iovec iov{into, part};
  expect(anysplice::vmsplice(common.r, &iov, 1, 0), part, "vmsplice");
  same("memory", {into, part}, bytes.substr(part, part));
  pollfd p{common.r, POLLIN, 0};
  expect(anysplice::poll(&p, 1, 0), 1, "poll");
  take(common.r, bytes.substr(2 * part), "common pipe");
  for (const Pipe& pipe : {own, copy}) schedules::close(pipe);
}

// An honest child goes on where its parent stopped, and the other way round.
void hand_over(const Pipe& common) {
  const Pipe copy;
  const std::string_view bytes = stream().substr(below(1 << 19), 1000);
  put(common.w, bytes);
  if (anysplice::tee(common.r, copy.w, 500, 0) <= 0) wrong("tee before a fork");
  const pid_t child = anysplice::fork();
  if (child == 0) {
    take(common.r, bytes.substr(0, 300), "common pipe, in a child");
    if (anysplice::tee(common.r, copy.w, 100, 0) <= 0) wrong("tee in a child");
    anysplice::before_exit();
    _exit(0);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child || status != 0) wrong("an honest child");
  take(common.r, bytes.substr(300), "common pipe, after a child");
  schedules::close(copy);
}

void scribbled(Rights rights) {
  if (rights != Rights::kKept && geteuid() != 0) {
    puts("# rights cannot be dropped here: root only");
    return;
  }
  void* const page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (page == MAP_FAILED) wrong("mmap");
  bell = new (page) Bell{};
  const Pipe common[2];
  // So that there is something to share.
  hand_over(common[0]);
  const pid_t hostile = anysplice::fork();
  if (hostile == 0) be_hostile(rights);
  at_each_point(ring);
  // Not for long: who has been lied to a few times believes nothing any more.
  together({[&] {
              for (int i = 0; i < 10; ++i) work(common[0]);
            },
            [&] {
              for (int i = 0; i < 10; ++i) {
                work(common[1]);
                if (i % 3 == 0) hand_over(common[1]);
              }
            }});
  at_each_point(nullptr);
  kill(hostile, SIGKILL);
  waitpid(hostile, nullptr, 0);
  // And on, with whatever was left there.
  for (const Pipe& pipe : common) work(pipe);
  printf("# %u words written over at each of %u points, beside %u calls\n", bell->words.load(),
         bell->rung.load(), bell->calls.load());
  fflush(stdout);
  if (bell->words == 0 || bell->rung < 100) wrong("nothing was written over");
}

}  // namespace

SCHEDULE(scribbled_over_at_every_point) { scribbled(Rights::kKept); }

SCHEDULE(scribbled_over_without_rights) { scribbled(Rights::kDropped); }

SCHEDULE(scribbled_over_with_rights_dropped_unseen) { scribbled(Rights::kDroppedUnseen); }
#endif
