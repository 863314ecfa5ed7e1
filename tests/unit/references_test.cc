// Pages of rings that stand for memory of the program's: where their bytes come from, and what
// becomes of them.
#include "core/memory/references.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <string>

#include "core/calls/engine.h"
#include "core/calls/losing_memory.h"
#include "core/memory/lasting_memory.h"
#include "core/memory/ring.h"
#include "core/memory/user_memory.h"
#include "core/policy/mode.h"
#include "core/sys/platform.h"
#include "core/sys/program_memory.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

constexpr size_t kSlots = 16;

struct TestRing : Ring {
  TestRing() { init(ring_pool(), places, kSlots); }
  ~TestRing() { consume(bytes()); }
  uint64_t places[kSlots] = {};
};

// Two pages, all of one letter.
struct Memory {
  Memory()
      : at(static_cast<char*>(
            mmap(nullptr, kSize, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0))) {
    fill('a');
  }
  ~Memory() { munmap(at, kSize); }
  void fill(char letter) const { memset(at, letter, kSize); }

  static constexpr size_t kSize = 2 * kPage;
  char* const at;
};

// As vmsplice does.
void refer(Ring& ring, const char* at, size_t length, Ring::Held held = Ring::Held::kCopy) {
  const Ring::Room room = ring.reserve(length, reinterpret_cast<uintptr_t>(at) % kPage);
  REQUIRE(room.iov.iov_len == length);
  memset(room.iov.iov_base, '?', length);
  if (held == Ring::Held::kCopy) memcpy(room.iov.iov_base, at, length);
  ring.refer(room, length, at, held);
  ring.commit(room, length);
}

std::string text(const iovec* iov, int count) {
  std::string all;
  for (int i = 0; i < count; ++i) all.append(static_cast<char*>(iov[i].iov_base), iov[i].iov_len);
  return all;
}

std::string held(const Ring& ring) {
  iovec iov[kSlots];
  size_t n;
  return text(iov, ring.peek(SIZE_MAX, iov, &n, kSlots));
}

std::string leaving(const Ring& ring) {
  iovec iov[kSlots];
  size_t n;
  return text(iov, ring.leaving(SIZE_MAX, iov, &n, kSlots));
}

std::string letters(size_t n, char letter) { return std::string(n, letter); }

}  // namespace

TEST_CASE("what leaves a ring is what the memory holds") {
  const Memory memory;
  TestRing ring;
  TestRing other;
  refer(ring, memory.at + 100, 5000);
  CHECK(ring_pool()->with_origin() == 2);
  other.link_from(ring, 4500);
  memory.fill('b');
  CHECK(leaving(ring) == letters(5000, 'b'));
  CHECK(held(ring) == letters(5000, 'a'));
  CHECK(leaving(other) == letters(4500, 'b'));
  ring.consume(4990);
  memory.fill('c');
  CHECK(leaving(ring) == letters(10, 'c'));
  other.consume(4500);
  ring.consume(10);
  CHECK(ring_pool()->with_origin() == 0);
}

TEST_CASE("of two rings one becomes bytes") {
  const Memory memory;
  TestRing ring;
  TestRing other;
  refer(ring, memory.at + 100, 5000);
  other.link_from(ring, 5000);
  memory.fill('b');
  CHECK(other.become_bytes(copy_from_user));
  CHECK_FALSE(other.become_bytes(copy_from_user));
  memory.fill('c');
  CHECK(held(other) == letters(5000, 'b'));
  CHECK(leaving(other) == letters(5000, 'b'));
  CHECK(leaving(ring) == letters(5000, 'c'));
}

TEST_CASE("of permanent memory nothing is held until it has to be") {
  const Memory memory;
  TestRing ring;
  TestRing other;
  refer(ring, memory.at + 100, 5000, Ring::Held::kNothing);
  other.link_from(ring, 5000);
  memory.fill('b');
  CHECK(leaving(ring) == letters(5000, 'b'));
  SECTION("a ring becomes bytes") {
    CHECK(ring.become_bytes(copy_from_user));
    memory.fill('c');
    CHECK(held(ring) == letters(5000, 'b'));
    CHECK(leaving(other) == letters(5000, 'c'));
  }
  SECTION("it is lost after all") {
    LosingMemory losing(memory.at, Memory::kSize);
    losing.gone();
    memory.fill('c');
    CHECK(leaving(ring) == letters(5000, 'b'));
    CHECK(held(other) == letters(5000, 'b'));
    CHECK(ring_pool()->with_origin() == 0);
  }
  SECTION("a loss of other memory that began before does not concern it") {
    references::forget({memory.at, Memory::kSize});
    memory.fill('c');
    CHECK(leaving(ring) == letters(5000, 'c'));
  }
  SECTION("lost unseen, it leaves nothing of what the pages held before") {
    REQUIRE(mprotect(memory.at, kPage, PROT_NONE) == 0);
    CHECK(ring.become_bytes(copy_from_user));
    CHECK(held(ring) == letters(kPage - 100, '\0') + letters(5000 - (kPage - 100), 'b'));
  }
}

TEST_CASE("memory that cannot be read leaves what was held") {
  const Memory memory;
  TestRing ring;
  refer(ring, memory.at + 100, 5000);
  memory.fill('b');
  REQUIRE(mprotect(memory.at, kPage, PROT_NONE) == 0);
  CHECK(ring.become_bytes(copy_from_user));
  CHECK(held(ring) == letters(kPage - 100, 'a') + letters(5000 - (kPage - 100), 'b'));
}

TEST_CASE("memory that goes away is taken over") {
  const Memory memory;
  const Memory elsewhere;
  TestRing ring;
  refer(ring, memory.at + 100, 5000);
  memory.fill('b');

  SECTION("all of it") {
    LosingMemory losing(memory.at, Memory::kSize);
    memory.fill('c');
    CHECK(leaving(ring) == letters(5000, 'b'));
    losing.gone();
    CHECK(leaving(ring) == letters(5000, 'b'));
    CHECK(ring_pool()->with_origin() == 0);
  }
  SECTION("its second page") {
    LosingMemory losing(memory.at + kPage, 1);
    losing.gone();
    memory.fill('c');
    CHECK(leaving(ring) == letters(kPage - 100, 'c') + letters(5000 - (kPage - 100), 'b'));
  }
  SECTION("other memory") {
    LosingMemory losing(elsewhere.at, Memory::kSize);
    losing.gone();
    memory.fill('c');
    CHECK(leaving(ring) == letters(5000, 'c'));
  }
  SECTION("not after all") {
    LosingMemory losing(memory.at, Memory::kSize);
    losing.kept();
    memory.fill('c');
    CHECK(leaving(ring) == letters(5000, 'c'));
  }
  SECTION("but for what moves") {
    LosingMemory losing(memory.at, Memory::kSize);
    losing.moved({elsewhere.at, kPage});
    elsewhere.fill('e');
    CHECK(leaving(ring) == letters(kPage - 100, 'e') + letters(5000 - (kPage - 100), 'b'));
  }
}

TEST_CASE("bytes are copied out of memory, or of what is held where it is gone") {
  const Memory memory;
  TestRing ring;
  refer(ring, memory.at + 100, 5000);
  memory.fill('b');
  if (GENERATE(true, false)) REQUIRE(mprotect(memory.at + kPage, kPage, PROT_NONE) == 0);
  std::string to(5000, '\0');
  const iovec iov[] = {{to.data(), 3000}, {to.data() + 3000, 2000}};
  CHECK(copy_out(ring, iov, 2) == 5000);
  CHECK(to.substr(0, kPage - 100) == letters(kPage - 100, 'b'));
  CHECK(ring.empty());
}

TEST_CASE("what a program has from the beginning is permanent until some of it is lost") {
  using lasting_memory::Kind;
  static char data[kPage];
  char on_stack[100];
  const auto kind = [](const char* at) { return lasting_memory::part_of(at, 1).kind; };
  lasting_memory::learn(false);
  if (program_memory::stack().end == 0) {
    CHECK(kind(data) == Kind::kPassing);  // the platform tells nothing
    return;
  }
  CHECK(kind(data) == Kind::kLasting);  // its loss might not be seen
  lasting_memory::learn(true);
  CHECK(kind(data) == Kind::kPermanent);
  CHECK(kind(on_stack) == Kind::kPermanent);
  const uintptr_t below = reinterpret_cast<uintptr_t>(on_stack) - (uintptr_t{1} << 20);
  CHECK(kind(reinterpret_cast<char*>(below)) == Kind::kLasting);  // perhaps nothing is there
  const Memory memory;
  lasting_memory::losing(memory.at, Memory::kSize);
  CHECK(lasting_memory::still_permanent());
  lasting_memory::losing(data, 1);
  CHECK(kind(data) == Kind::kLasting);
  CHECK(kind(on_stack) == Kind::kLasting);
  lasting_memory::learn(false);
}

TEST_CASE("mappings last from where they are seen to where they go") {
  using lasting_memory::Kind;
  lasting_memory::learn(false);
  const Memory memory;
  const auto kind = [](const char* at) { return lasting_memory::part_of(at, 1).kind; };
  set_mode(Mode::kEmulate, 0);
  lasting_memory::add(memory.at, Memory::kSize);
  CHECK(kind(memory.at) == Kind::kPassing);  // vmsplice copies
  let_vmsplice_refer(true);
  lasting_memory::add(memory.at, Memory::kSize);
  CHECK(kind(memory.at) == Kind::kLasting);
  CHECK(lasting_memory::size_of(memory.at) == Memory::kSize);
  const lasting_memory::Part part = lasting_memory::part_of(memory.at + 10, 3 * kPage);
  CHECK(part.size == Memory::kSize - 10);
  lasting_memory::remove(memory.at, kPage);
  CHECK(kind(memory.at) == Kind::kPassing);
  CHECK(kind(memory.at + kPage) == Kind::kLasting);
  CHECK(lasting_memory::part_of(memory.at, Memory::kSize).size == kPage);
  lasting_memory::remove(memory.at, Memory::kSize);
  CHECK(kind(memory.at + kPage) == Kind::kPassing);
  let_vmsplice_refer(false);
  set_mode(Mode::kAuto, 0);
}

// Only splice is refused: a header that the kernel's vmsplice put there is corrected in place.
TEST_CASE("what the kernel's vmsplice put into a pipe stays a reference") {
  if (kPosixPlatform) return;
  const Sys real = sys_table;
  sys_table.splice = [](int, int64_t*, int, int64_t*, size_t, unsigned) -> ssize_t {
    errno = ENOSYS;
    return -1;
  };
  set_mode(Mode::kAuto, ENOSYS);
  int pipe[2];
  REQUIRE(anysplice::pipe2(pipe, 0) == 0);
  char header[] = "before";
  const iovec iov{header, 6};
  CHECK(anysplice::vmsplice(pipe[1], &iov, 1, 0) == 6);
  const int file = memfd_create("unit", MFD_CLOEXEC);
  REQUIRE(::write(file, "file", 4) == 4);
  int64_t start = 0;
  CHECK(anysplice::splice(file, &start, pipe[1], nullptr, 4, 0) == 4);
  memcpy(header, "after!", 6);
  start = 0;
  CHECK(anysplice::splice(pipe[0], nullptr, file, &start, 10, 0) == 10);
  sys_table = real;
  char text[11] = "";
  CHECK(::pread(file, text, 10, 0) == 10);
  // A kernel that refuses vmsplice refers to nothing.
  if (ask_kernel_first(Call::kVmsplice)) CHECK(std::string(text) == "after!file");
  for (const int fd : {pipe[0], pipe[1]}) anysplice::close(fd);
  ::close(file);
}

}  // namespace anysplice
