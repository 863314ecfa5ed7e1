#include "core/memory/ring.h"

#include <string.h>
#include <sys/mman.h>

#include <string>
#include <vector>

#include "core/sys/memory.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

PagePool* test_pool() {
  static PagePool* one =
      PagePool::create(map_memory(PagePool::bytes_for(256), Sharing::kPrivate), 256);
  return one;
}

struct TestRing : Ring {
  explicit TestRing(uint32_t capacity = 16) { init(test_pool(), slots_, capacity); }
  ~TestRing() { consume(bytes()); }

  // Adds bytes as a splice from memory at that place in its page would.
  void add(const std::string& text, size_t offset = 0) {
    const Room room = reserve(text.size(), offset);
    REQUIRE(room.iov.iov_len == text.size());
    memcpy(room.iov.iov_base, text.data(), text.size());
    commit(room, text.size());
  }
  std::string content() const {
    iovec iov[kMaxIov];
    size_t described;
    const int count = peek(bytes(), iov, &described);
    std::string all;
    for (int i = 0; i < count; ++i) {
      all.append(static_cast<char*>(iov[i].iov_base), iov[i].iov_len);
    }
    return all;
  }

 private:
  uint64_t slots_[64];
};

size_t free_pages() {
  std::vector<std::pair<char*, size_t>> taken;
  size_t pages = 0;
  size_t got;
  while (char* run = test_pool()->take(64, &got)) {
    taken.push_back({run, got});
    pages += got;
  }
  for (auto [run, n] : taken) {
    for (size_t i = 0; i < n; ++i) test_pool()->put(run + i * kPage);
  }
  return pages;
}

}  // namespace

TEST_CASE("sixteen pieces of one byte fill a ring of sixteen slots") {
  TestRing ring;
  for (int i = 0; i < 16; ++i) ring.add("x");
  CHECK(ring.free() == 0);
  CHECK(ring.reserve(1).iov.iov_len == 0);
  CHECK(ring.bytes() == 16);
}

TEST_CASE("a piece that starts inside a page takes the rest of that page") {
  TestRing ring;
  const Ring::Room room = ring.reserve(SIZE_MAX / 2, 1);
  CHECK(room.iov.iov_len == 16 * kPage - 1);
  ring.cancel(room);
  CHECK(ring.empty());
}

TEST_CASE("adjacent pages are described by one iovec") {
  TestRing ring;
  ring.add(std::string(5 * kPage, 'a'));
  iovec iov[kMaxIov];
  size_t described;
  CHECK(ring.peek(SIZE_MAX, iov, &described) == 1);
  CHECK(described == 5 * kPage);
  CHECK(ring.used() == 5);
}

TEST_CASE("consuming splits a slot and frees whole ones") {
  const size_t before = free_pages();
  TestRing ring;
  ring.add("hello");
  ring.add(" world");
  ring.consume(3);
  CHECK(ring.content() == "lo world");
  CHECK(ring.used() == 2);
  ring.consume(2);
  CHECK(ring.used() == 1);
  CHECK(ring.content() == " world");
  ring.consume(6);
  CHECK(ring.empty());
  CHECK(free_pages() == before);
}

TEST_CASE("no more is consumed than there is") {
  const size_t before = free_pages();
  {
    TestRing ring;
    ring.add("ab");
    ring.consume(5);
    CHECK(ring.empty());
    CHECK(ring.bytes() == 0);
    ring.consume(1);
    ring.add("cd");
    CHECK(ring.content() == "cd");
  }
  CHECK(free_pages() == before);
}

TEST_CASE("moving takes whole slots by reference and splits the last") {
  const size_t before = free_pages();
  {
    TestRing from, to;
    from.add("one");
    from.add("two");
    CHECK(to.move_from(from, 4) == 4);
    CHECK(to.content() == "onet");
    CHECK(from.content() == "wo");
    CHECK(to.move_from(from, 100) == 2);
    CHECK(from.empty());
    CHECK(to.content() == "onetwo");
  }
  CHECK(free_pages() == before);
}

TEST_CASE("moving stops when the other ring is full") {
  TestRing from, to;
  for (int i = 0; i < 15; ++i) to.add("x");
  from.add("a");
  from.add("b");
  CHECK(to.move_from(from, 2) == 1);
  CHECK(from.content() == "b");
}

TEST_CASE("linking leaves the source as it was, and both share the pages") {
  const size_t before = free_pages();
  {
    TestRing from, to;
    from.add("shared");
    CHECK(to.link_from(from, 100) == 6);
    CHECK(to.link_from(from, 3) == 3);
    CHECK(from.content() == "shared");
    CHECK(to.content() == "sharedsha");
    CHECK(free_pages() == before - 1);
    from.consume(6);
    CHECK(to.content() == "sharedsha");
  }
  CHECK(free_pages() == before);
}

TEST_CASE("writes fill the last page, splices do not") {
  TestRing ring;
  CHECK(ring.append_copy("abc", 3) == 3);
  CHECK(ring.append_copy("def", 3) == 3);
  CHECK(ring.used() == 1);
  ring.add("g");
  CHECK(ring.append_copy("h", 1) == 1);
  CHECK(ring.used() == 3);
  CHECK(ring.content() == "abcdefgh");
}

TEST_CASE("a page that is shared takes no more writes") {
  TestRing from, to;
  CHECK(from.append_copy("abc", 3) == 3);
  CHECK(to.link_from(from, 3) == 3);
  CHECK(from.append_copy("d", 1) == 1);
  CHECK(from.content() == "abcd");
  CHECK(to.content() == "abc");
}

TEST_CASE("erasing takes a stretch out of the middle") {
  const size_t before = free_pages();
  {
    TestRing ring;
    for (const char* part : {"0123", "4567", "89ab", "cdef"}) ring.add(part);
    SECTION("inside one slot") {
      ring.erase(5, 2);
      CHECK(ring.content() ==
            "0123"
            "47"
            "89ab"
            "cdef");
    }
    SECTION("across slots") {
      ring.erase(2, 9);
      CHECK(ring.content() ==
            "01"
            "b"
            "cdef");
    }
    SECTION("whole slots") {
      ring.erase(4, 8);
      CHECK(ring.content() ==
            "0123"
            "cdef");
      CHECK(ring.used() == 2);
    }
    CHECK(ring.bytes() == ring.content().size());
  }
  CHECK(free_pages() == before);
}

TEST_CASE("room in a full ring is none, and given back") {
  TestRing ring;
  while (ring.free() > 0) ring.add("x");
  const size_t bytes = ring.bytes();
  const Ring::Room room = ring.reserve(1);
  CHECK(room.iov.iov_len == 0);
  ring.commit_written(room, 0);
  ring.cancel(room);
  CHECK(ring.bytes() == bytes);
}

TEST_CASE("stretches compare across slots") {
  TestRing ring;
  for (const char* part : {"ab", "c", "xabc", "abd"}) ring.add(part);
  CHECK(ring.equal(0, 4, 3));
  CHECK_FALSE(ring.equal(0, 7, 3));
  CHECK(ring.has(2, "cxa", 3));
  CHECK_FALSE(ring.has(8, "bdd", 3));
}

TEST_CASE("a ring that was left in the middle counts its bytes again") {
  TestRing ring;
  ring.add("abc");
  ring.add("de");
  ring.consume(1);
  ring.repair();
  CHECK(ring.bytes() == 4);
  CHECK(ring.content() == "bcde");
}

TEST_CASE("a ring moves to other slots with its bytes in order") {
  TestRing ring;
  for (char c = 'a'; c < 'a' + 20; ++c) {
    ring.add(std::string(1, c));
    if (c >= 'a' + 10) ring.consume(1);
  }
  const std::string before = ring.content();
  uint64_t more[64];
  ring.rehouse(more, 64);
  CHECK(ring.content() == before);
  CHECK(ring.free() == 64 - before.size());
  ring.consume(ring.bytes());
}

}  // namespace anysplice
