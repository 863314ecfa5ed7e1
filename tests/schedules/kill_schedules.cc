// Processes that are killed while they work on a pipe of the family: at every point at which the
// engine hesitates, and at any time.
//
// Bytes are records with a number. Whatever the one that is killed was doing, the others go on, and
// each record turns up once, in order, but for one stretch of what its last call was asked to move:
// that may be gone with it, or be there twice (docs/limitations.md).
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>

#include "records.h"
#include "schedule.h"

using namespace schedules;

namespace {

constexpr uint32_t kMost = 300;  // records a call

// What the one that is to be killed tells of itself before and after each call.
struct Diary {
  std::atomic<uint32_t> asked;  // records, by the call that has not come back
  std::atomic<uint32_t> tees;
  std::atomic<uint32_t> taken;
  Record records[16384];  // that it took into its memory
};

Diary& diary() {
  static Diary* const shared =
      static_cast<Diary*>(mmap(nullptr, sizeof(Diary), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  return *shared;
}

struct Family {
  Pipe from{O_NONBLOCK};
  Pipe to{O_NONBLOCK};
  Pipe copies{O_NONBLOCK};
  int file = memfd_create("sink", MFD_CLOEXEC);
  ~Family() {
    for (const Pipe& pipe : {from, to, copies}) schedules::close(pipe);
    anysplice::close(file);
  }
};

// One call on the pipe, of so many records. Those taken into memory are appended to `taken`.
void step(const Family& family, uint32_t count, bool may_read, std::vector<Record>& taken) {
  Record records[kMost];
  const size_t length = count * sizeof(Record);
  const iovec iov{records, length};
  ssize_t n = 0;
  size_t into_memory = 0;
  switch (below(may_read ? 5 : 4)) {
    case 0:
      n = anysplice::splice(family.from.r, nullptr, family.to.w, nullptr, length, kNow);
      break;
    case 1:
      n = anysplice::splice(family.from.r, nullptr, family.file, nullptr, length, kNow);
      break;
    case 2:
      ++diary().tees;
      n = anysplice::tee(family.from.r, family.copies.w, length, kNow);
      break;
    case 3:
      n = anysplice::vmsplice(family.from.r, &iov, 1, kNow);
      into_memory = n > 0 ? static_cast<size_t>(n) : 0;
      break;
    default:
      n = anysplice::read(family.from.r, records, length);
      into_memory = n > 0 ? static_cast<size_t>(n) : 0;
  }
  if (n < 0 && errno != EAGAIN) wrong("a call fails: errno " + std::to_string(errno));
  if (n > 0 && n % static_cast<ssize_t>(sizeof(Record)) != 0) wrong("a record was torn");
  taken.insert(taken.end(), records, records + into_memory / sizeof(Record));
}

// The life of the one to be killed; it takes notes.
void work_and_die(const Family& family, bool reads) {
  std::vector<Record> taken;
  for (;;) {
    taken.clear();
    diary().asked = 1 + below(kMost);
    step(family, diary().asked, reads, taken);
    for (const Record& record : taken) {
      diary().records[diary().taken] = record;
      ++diary().taken;
    }
    diary().asked = 0;
  }
}

// Totals of a schedule.
struct Toll {
  uint32_t killed = 0;
  uint32_t lost = 0;
  uint32_t doubled = 0;
  uint64_t number = 1;  // of the next record

  void tell() const {
    printf("# killed %u; records lost with %u of them, doubled by %u\n", killed, lost, doubled);
    fflush(stdout);
  }
};

// Starts a child, does `meanwhile` with it, kills it, and looks at what is where. With `reads` it
// makes that call too. Who is killed there counts as waiting for good, and from then on every call
// puts back what it does not pass on: so it may have had all of the pipe in its hands. Nor is there
// an order between a read and what another thread has in its hands (docs/limitations.md).
template <typename Prepare, typename Meanwhile>
void round(const Family& family, bool reads, Toll& toll, Prepare prepare, Meanwhile meanwhile) {
  constexpr uint32_t kBefore = 1500;
  constexpr uint32_t kLater = 2000;
  diary().asked = diary().tees = diary().taken = 0;
  write_records(family.from.w, toll.number, kBefore);
  const pid_t child = anysplice::fork();
  if (child == 0) {
    prepare();
    work_and_die(family, reads);
  }
  if (child < 0) wrong("fork");
  std::vector<Record> mine;
  const uint32_t count = kBefore + meanwhile(toll.number + kBefore, kLater, mine);
  kill(child, SIGKILL);
  int status = 0;
  if (waitpid(child, &status, 0) != child || !WIFSIGNALED(status)) wrong("it ends by itself");
  const uint32_t most = reads ? count : diary().asked.load();

  // The others go on: nobody waits for a lock, and the pipe carries bytes as before.
  Account account(toll.number, count, !reads);
  for (int i = 0; i < 3; ++i) step(family, 1 + below(kMost), false, mine);
  const std::vector<Record> rest = all_of(family.from.r);
  mine.insert(mine.end(), rest.begin(), rest.end());
  account.add("memory", mine);
  account.add("pipe", all_of(family.to.r));
  lseek(family.file, 0, SEEK_SET);
  account.add("file", all_of(family.file));
  if (ftruncate(family.file, 0) != 0) wrong("ftruncate");
  lseek(family.file, 0, SEEK_SET);
  account.add("its memory", {diary().records, diary().records + diary().taken});
  account.add_copies(all_of(family.copies.r), diary().tees);
  uint32_t lost = 0;
  uint32_t doubled = 0;
  account.close(most, &lost, &doubled);
  ++toll.killed;
  toll.lost += lost > 0;
  toll.doubled += doubled > 0;
  toll.number += count;
}

}  // namespace

SCHEDULE(killed_at_every_point) {
  Toll toll;
  const auto wait = [](uint64_t, uint32_t, std::vector<Record>&) {
    siginfo_t info;
    waitid(P_ALL, 0, &info, WEXITED | WNOWAIT);
    return 0u;
  };
  for (const bool reads : {false, true}) {
    // Whoever is killed in a read is waited for half a second: not too many.
    for (uint32_t point = 1; point <= (reads ? 10 : 60); ++point) {
      // The second finds the pipes as the first one left them.
      const Family family;
      for (int again = 0; again < 2; ++again) {
        round(
            family, reads, toll, [&] { die_after(point); }, wait);
      }
    }
  }
  toll.tell();
}

SCHEDULE(killed_at_any_time) {
  Toll toll;
  for (int i = 0; i < 10; ++i) {
    const Family family;
    for (int again = 0; again < 10; ++again) {
      // Takes part, writes the rest of the records, and loses patience.
      const auto pause = std::chrono::microseconds(below(2000));
      const auto work = [&](uint64_t next, uint32_t most, std::vector<Record>& mine) {
        uint32_t written = 0;
        const auto end = std::chrono::steady_clock::now() + pause;
        while (std::chrono::steady_clock::now() < end) {
          step(family, 1 + below(kMost), false, mine);
          const uint32_t count = std::min(below(100), most - written);
          write_records(family.from.w, next + written, count);
          written += count;
        }
        return written;
      };
      round(
          family, i >= 7, toll, [] {}, work);
    }
  }
  toll.tell();
}
