// Descriptors closed and made where the engine cannot see it, as beside the explicit library.
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <thread>

#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/fd/fd_table.h"
#include "tests/catch.h"

using namespace anysplice;

namespace {

struct Unseen {
  Unseen() {
    every_call_seen = false;
    set_mode(Mode::kEmulate, 0);
  }
  ~Unseen() {
    every_call_seen = true;
    set_mode(Mode::kAuto, 0);
  }
};

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

TEST_CASE("a number is what it is now, if closing it was not seen", "[fds]") {
  const Unseen unseen;
  int pipe_ends[2], ends[2];
  REQUIRE(anysplice::pipe(pipe_ends) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) == 0);
  const int file = open("/dev/null", O_RDWR);
  REQUIRE(file >= 0);

  SECTION("/dev/null, then a socket") {
    const int number = ::dup(file);
    REQUIRE(anysplice::write(pipe_ends[1], "lost", 4) == 4);
    CHECK(anysplice::splice(pipe_ends[0], nullptr, number, nullptr, 4, 0) == 4);
    REQUIRE(::dup2(ends[0], number) == number);
    REQUIRE(anysplice::write(pipe_ends[1], "sent", 4) == 4);
    CHECK(anysplice::splice(pipe_ends[0], nullptr, number, nullptr, 4, 0) == 4);
    CHECK(drain(ends[1]) == "sent");
    ::close(number);
  }
  SECTION("a socket, then a pipe that bytes are held of") {
    const int number = ::dup(ends[0]);
    REQUIRE(::write(ends[1], "x", 1) == 1);
    CHECK(anysplice::splice(number, nullptr, pipe_ends[1], nullptr, 1, 0) == 1);
    const Held pipe;
    REQUIRE(::dup2(pipe.ends[0], number) == number);
    CHECK(drain(number) == "held");
    ::close(number);
  }
  for (const int fd : {pipe_ends[0], pipe_ends[1], ends[0], ends[1], file}) anysplice::close(fd);
}

// In a process of its own: it is for good.
TEST_CASE("numbers part for a thread of several, not for a child of vfork", "[fds]") {
  const pid_t child = ::fork();
  if (child == 0) {
    std::thread([] {}).join();
    const BeforeVfork before = note_vfork();
    const pid_t other = vfork();
    if (other == 0) {
      become_vfork_child(before);
      on_descriptor_table_unshared();
      _exit(0);
    }
    note_vfork_returned(before);
    if (other < 0 || waitpid(other, nullptr, 0) != other || !every_call_seen) _exit(1);
    on_descriptor_table_unshared();
    _exit(every_call_seen ? 2 : 0);
  }
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
