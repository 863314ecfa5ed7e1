// What vmsplice learns of memory that goes away while it copies it, and what it does then.
#include <string.h>

#include <string>

#include "core/calls/losing_memory.h"
#include "core/memory/ring.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

alignas(kPage) char memory[2 * kPage];

TEST_CASE("a loss that is under way while memory is copied is noticed") {
  const Losses before;
  CHECK_FALSE(before.any());
  {
    LosingMemory losing(memory, kPage);
    const Losses meanwhile;
    CHECK(before.any());
    CHECK(meanwhile.any());
    losing.kept();
    CHECK(meanwhile.any());
  }
  CHECK(before.any());
  const Losses after;
  CHECK_FALSE(after.any());
}

TEST_CASE("a call that takes no memory away is no loss") {
  const Losses losses;
  LosingMemory losing(memory, 0);
  CHECK_FALSE(losses.any());
  losing.gone();
}

TEST_CASE("a loss that another thread had begun does not go on in the child of a fork") {
  {
    LosingMemory losing(memory, kPage);
    CHECK(Losses().any());
    LosingMemory::become_child();
    CHECK_FALSE(Losses().any());
  }
  LosingMemory::become_child();  // so that nothing has ended that did not begin
}

TEST_CASE("a reference that is taken back leaves what was copied") {
  uint64_t places[16] = {};
  Ring ring;
  ring.init(ring_pool(), places, 16);
  constexpr size_t kLength = 5000;
  memset(memory, 'a', sizeof(memory));
  const Ring::Room room = ring.reserve(kLength, 100);
  REQUIRE(room.iov.iov_len == kLength);
  memcpy(room.iov.iov_base, memory + 100, kLength);
  ring.refer(room, kLength, memory + 100, Ring::Held::kCopy);
  ring.take_back(room);
  CHECK(ring_pool()->with_origin() == 0);
  ring.commit(room, kLength);
  memset(memory, 'b', sizeof(memory));
  iovec iov[16];
  size_t bytes;
  const int count = ring.leaving(kLength, iov, &bytes, 16);
  std::string left;
  for (int i = 0; i < count; ++i) left.append(static_cast<char*>(iov[i].iov_base), iov[i].iov_len);
  CHECK(left == std::string(kLength, 'a'));
  ring.consume(kLength);
}

}  // namespace
}  // namespace anysplice
