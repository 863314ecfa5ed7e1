// Descriptors closed and made where the engine cannot see it.
#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <string>

#include "core/engine.h"

using namespace anysplice;

namespace {

// What a pipe's read end gives by the engine's read.
std::string drain(int fd) {
  char buffer[64];
  const ssize_t n = anysplice::read(fd, buffer, sizeof(buffer));
  return n < 0 ? "-1" : std::string(buffer, static_cast<size_t>(n));
}

// A pipe that nobody saw being made, with bytes held of it.
struct Held {
  int ends[2], copy[2];
  Held() {
    REQUIRE(::pipe2(ends, O_NONBLOCK) == 0);
    REQUIRE(::pipe(copy) == 0);
    REQUIRE(::write(ends[1], "held", 4) == 4);
    REQUIRE(anysplice::tee(ends[0], copy[1], 4, 0) == 4);
  }
  ~Held() {
    for (const int fd : {ends[0], ends[1], copy[0], copy[1]}) anysplice::close(fd);
  }
};

}  // namespace

TEST_CASE("held bytes are found by a number that was never looked at", "[fds]") {
  set_mode(Mode::kEmulate, 0);
  const Held pipe;
  const int number = ::dup(pipe.ends[0]);
  CHECK(drain(number) == "held");
  anysplice::close(number);
  set_mode(Mode::kAuto, 0);
}
