// What is written to a pipe of packets by a descriptor that the engine opens for it are packets
// too.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <initializer_list>
#include <string>

#include "core/pipe/pipe_table.h"
#include "core/pipe/settle.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

std::string packet(int fd) {
  char bytes[100];
  const ssize_t n = ::read(fd, bytes, sizeof(bytes));
  return std::string(bytes, n > 0 ? static_cast<size_t>(n) : 0);
}

iovec segment(std::string& text) { return {text.data(), text.size()}; }

}  // namespace

TEST_CASE("packets stay packets where there is no RWF_NOWAIT") {
  auto* const real = sys_table.pwritev2;
  sys_table.pwritev2 = [](int, const iovec*, int, off_t, int) -> ssize_t {
    errno = EOPNOTSUPP;
    return -1;
  };
  int fd[2];
  REQUIRE(::pipe2(fd, O_DIRECT) == 0);
  for (std::string text : {"one", "two"}) {
    const iovec iov = segment(text);
    CHECK(kernel_pipe::write_now(fd[1], &iov, 1) == 3);
  }
  sys_table.pwritev2 = real;
  ::close(fd[1]);
  CHECK(packet(fd[0]) == "one");
  CHECK(packet(fd[0]) == "two");
  ::close(fd[0]);
}

TEST_CASE("a packet is put back before all that are there") {
  if (!kernel_pipe::opens_ends()) return;
  int fd[2];
  REQUIRE(::pipe2(fd, O_DIRECT | O_NONBLOCK) == 0);
  // One more than the pipe has buffers for: a writer has come meanwhile.
  std::string expected = "first";
  for (char c = 'a'; ::write(fd[1], &c, 1) == 1; ++c) expected += c;
  CHECK(expected.size() == 5 + kernel_pipe::slots(fd[0]));
  uint64_t slots[256];
  Ring ring;
  ring.init(ring_pool(), slots, 256);
  REQUIRE(ring.append_copy("first", 5) == 5);
  CHECK(put_back(ring, fd[0], {}, true, Grow::kYes));
  CHECK(packet(fd[0]) == "first");
  for (size_t i = 5; i < expected.size(); ++i) CHECK(packet(fd[0]) == expected.substr(i, 1));
  CHECK(packet(fd[0]).empty());
  for (const int end : fd) ::close(end);
}

TEST_CASE("packets are put back as such by who has the read end only") {
  if (!kernel_pipe::opens_ends()) return;
  int fd[2];
  REQUIRE(::pipe2(fd, O_DIRECT | O_NONBLOCK) == 0);
  ::close(fd[1]);
  uint64_t slots[64];
  Ring ring;
  ring.init(ring_pool(), slots, 64);
  for (const std::string text : {"one", "three"}) {
    const Ring::Room room = ring.reserve(text.size());
    REQUIRE(room.iov.iov_len == text.size());
    memcpy(room.iov.iov_base, text.data(), text.size());
    ring.commit(room, text.size());
  }
  CHECK(put_back(ring, fd[0], {}, true, Grow::kNo));
  CHECK(packet(fd[0]) == "one");
  CHECK(packet(fd[0]) == "three");
  ::close(fd[0]);
}

}  // namespace anysplice
