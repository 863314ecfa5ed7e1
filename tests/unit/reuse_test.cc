// The check for memory that is used again while it is in a pipe: what counts as a finding. (What a
// program is told of it: tests/e2e/reuse_test.py.)
#include "core/memory/reuse.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/calls/engine.h"
#include "core/calls/losing_memory.h"
#include "core/memory/lasting_memory.h"
#include "core/memory/user_memory.h"
#include "core/policy/mode.h"
#include "core/sys/splice_flags.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

using reuse::Way;
using reuse::What;

struct Found {
  uint64_t times;
  uint64_t bytes;
  bool operator==(const Found&) const = default;
};

Found found(What what, Way way) {
  Found sum{0, 0};
  REQUIRE(reuse::prepare_findings());
  for (const reuse::Finding& finding : reuse::findings().finding) {
    if (finding.complete == 0 || finding.what != what || finding.way != way) continue;
    sum = {sum.times + finding.times, sum.bytes + finding.bytes};
  }
  return sum;
}

// A pipe with a ring, and memory of two pages, all of one letter. What is found is told on stderr
// as well, which nobody has to read.
struct Checked {
  Checked() {
    REQUIRE(reuse::start(copy_from_user));
    set_mode(Mode::kEmulate, 0);
    let_vmsplice_refer(true);
    REQUIRE(anysplice::pipe2(ends, 0) == 0);
    quiet = dup(2);
    const int null = open("/dev/null", O_WRONLY);
    dup2(null, 2);
    ::close(null);
    fill(0, kSize, 'a');
  }
  ~Checked() {
    dup2(quiet, 2);
    ::close(quiet);
    anysplice::close(ends[0]);
    anysplice::close(ends[1]);
    munmap(memory, kSize);
    reuse::checking = false;
    set_mode(Mode::kAuto, 0);
    let_vmsplice_refer(false);
  }
  void fill(size_t at, size_t length, char letter) const { memset(memory + at, letter, length); }
  void put(size_t at, size_t length, unsigned flags = 0) const {
    const iovec part{memory + at, length};
    REQUIRE(anysplice::vmsplice(ends[1], &part, 1, flags) == static_cast<ssize_t>(length));
  }
  void take(size_t length) const {
    char into[kSize];
    REQUIRE(anysplice::read(ends[0], into, length) == static_cast<ssize_t>(length));
  }

  static constexpr size_t kSize = 2 * kPage;
  int ends[2];
  int quiet;
  char* const memory = static_cast<char*>(
      mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
};

}  // namespace

TEST_CASE("what leaves changed is found, once, by how it left") {
  const Found before = found(What::kChanged, Way::kRead);
  Checked c;
  SECTION("whole") {
    c.put(100, 5000);
    c.fill(50, 100, 'b');    // 50 of them in the pipe
    c.fill(4090, 100, 'b');  // on both pages
    c.take(5000);
    CHECK(found(What::kChanged, Way::kRead) == Found{before.times + 1, before.bytes + 150});
  }
  SECTION("only what has left counts") {
    c.put(0, 3000);
    c.fill(2000, 10, 'b');
    c.take(2000);
    CHECK(found(What::kChanged, Way::kRead) == before);
    c.take(5);
    CHECK(found(What::kChanged, Way::kRead).times == before.times + 1);
    c.fill(2005, 5, 'a');
    c.take(995);
    CHECK(found(What::kChanged, Way::kRead).times == before.times + 1);
  }
  SECTION("and what had left before is none") {
    c.put(0, 3000);
    c.take(3000);
    c.fill(0, 3000, 'b');
    c.put(0, 3000);
    c.take(3000);
    CHECK(found(What::kChanged, Way::kRead) == before);
  }
}

TEST_CASE("memory that was gone") {
  const Found before = found(What::kGone, Way::kWaiting);
  const Found changed = found(What::kChanged, Way::kWaiting);
  Checked c;
  const auto lose = [&](auto how) {
    LosingMemory losing(c.memory, Checked::kSize);
    how(losing);
  };
  SECTION("is found when it goes") {
    c.put(10, 20);
    c.put(30, 20);
    lose([](LosingMemory& losing) { losing.gone(); });
    CHECK(found(What::kGone, Way::kWaiting) == Found{before.times + 2, before.bytes + 40});
    c.take(40);
  }
  SECTION("also that it had been changed") {
    c.put(10, 20);
    c.fill(15, 1, 'b');
    lose([](LosingMemory& losing) { losing.gone(); });
    CHECK(found(What::kChanged, Way::kWaiting) == Found{changed.times + 1, changed.bytes + 1});
  }
  SECTION("a gift is meant to go") {
    c.put(0, kPage, kSpliceGift);
    lose([](LosingMemory& losing) { losing.gone(); });
    CHECK(found(What::kGone, Way::kWaiting) == before);
  }
  SECTION("it was not, as the call failed") {
    const Found read_before = found(What::kChanged, Way::kRead);
    c.put(10, 20);
    lose([](LosingMemory& losing) { losing.kept(); });
    CHECK(found(What::kGone, Way::kWaiting) == before);
    c.fill(10, 1, 'b');
    c.take(20);
    CHECK(found(What::kChanged, Way::kRead) == Found{read_before.times + 1, read_before.bytes + 1});
  }
}

TEST_CASE("a change that a failed munmap came after is not forgotten") {
  const Found before = found(What::kChanged, Way::kRead);
  Checked c;
  c.put(10, 20);
  c.fill(12, 3, 'b');
  LosingMemory losing(c.memory, Checked::kSize);
  losing.kept();
  c.take(20);
  CHECK(found(What::kChanged, Way::kRead) == Found{before.times + 1, before.bytes + 3});
}

TEST_CASE("what became bytes is watched on") {
  const Found before = found(What::kChanged, Way::kRead);
  Checked c;
  lasting_memory::add(c.memory, Checked::kSize);
  c.put(0, 100);
  PagePool* const pool = ring_pool();
  uint64_t places[4] = {};
  Ring ring;
  ring.init(pool, places, 4);
  const Ring::Room room = ring.reserve(100, 0);
  memcpy(room.iov.iov_base, c.memory, 100);
  ring.refer(room, 100, c.memory, Ring::Held::kCopy);
  ring.watch(room, 100, c.memory, {1, 0, true});
  ring.commit(room, 100);
  c.fill(7, 2, 'b');
  CHECK(ring.become_bytes(copy_from_user));
  c.fill(7, 2, 'a');
  CHECK_FALSE(ring.become_bytes(copy_from_user));
  const reuse::Departure departure(ring, 0, 100, Way::kRead);
  departure.left(100);
  CHECK(found(What::kChanged, Way::kRead).bytes == before.bytes + 2);
  ring.consume(100);
  c.take(100);
  lasting_memory::remove(c.memory, Checked::kSize);
}

}  // namespace anysplice
