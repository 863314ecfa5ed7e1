// What a splice between two pipes takes out of the first, and the room there is meanwhile.
#include <poll.h>
#include <unistd.h>

#include <string>

#include "core/calls/engine.h"
#include "core/pipe/pipe_identity.h"
#include "core/policy/mode.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/page.h"
#include "tests/catch.h"

TEST_CASE("a splice takes no more out of a pipe than the other has room for") {
  const anysplice::Mode before = anysplice::mode();
  anysplice::set_mode(anysplice::Mode::kEmulate, 0);
  int in[2];
  int out[2];
  REQUIRE(::pipe(in) == 0);
  REQUIRE(::pipe(out) == 0);
  const std::string text(40000, 'a');
  REQUIRE(::write(in[1], text.data(), text.size()) == 40000);
  REQUIRE(::write(out[1], text.data(), 8 * anysplice::kPage) == 8 * anysplice::kPage);
  const size_t room = (anysplice::kernel_pipe::slots(out[1]) - 8) * anysplice::kPage;
  REQUIRE(room < text.size());
  const ssize_t moved = anysplice::splice(in[0], nullptr, out[1], nullptr, text.size(), 0);
  CHECK(moved == static_cast<ssize_t>(room));
  // The rest is still the kernel's.
  CHECK_FALSE(anysplice::holds_bytes(in[0]));
  for (int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
  anysplice::set_mode(before, 0);
}

TEST_CASE("bytes that a tee has taken out in pieces take no more room than in the kernel's pages") {
  const anysplice::Mode before = anysplice::mode();
  anysplice::set_mode(anysplice::Mode::kEmulate, 0);
  int in[2];
  int out[2];
  int copy[2];
  for (int* ends : {in, out, copy}) REQUIRE(::pipe(ends) == 0);
  const std::string text(40000, 'a');
  REQUIRE(::write(in[1], text.data(), text.size()) == 40000);
  REQUIRE(anysplice::tee(in[0], copy[1], 100, 0) == 100);
  REQUIRE(anysplice::tee(in[0], copy[1], 5000, 0) == 5000);
  REQUIRE(::write(out[1], text.data(), 8 * anysplice::kPage) == 8 * anysplice::kPage);
  const size_t room = (anysplice::kernel_pipe::slots(out[1]) - 8) * anysplice::kPage;
  REQUIRE(room < text.size());
  CHECK(anysplice::splice(in[0], nullptr, out[1], nullptr, text.size(), 0) ==
        static_cast<ssize_t>(room));
  for (int* ends : {in, out, copy}) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  anysplice::set_mode(before, 0);
}

TEST_CASE("a full pipe from elsewhere, with bytes held of it, has no room for those who poll") {
  const anysplice::Mode before = anysplice::mode();
  anysplice::set_mode(anysplice::Mode::kEmulate, 0);
  int in[2];
  int copy[2];
  for (int* ends : {in, copy}) REQUIRE(::pipe(ends) == 0);
  const std::string text(anysplice::kernel_pipe::slots(in[1]) * anysplice::kPage, 'a');
  REQUIRE(::write(in[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  REQUIRE(anysplice::tee(in[0], copy[1], anysplice::kPage, 0) == anysplice::kPage);
  REQUIRE(anysplice::holds_bytes(in[0]));
  pollfd writer{in[1], POLLOUT, 0};
  CHECK(anysplice::poll(&writer, 1, 0) == 0);
  for (int* ends : {in, copy}) {
    ::close(ends[0]);
    ::close(ends[1]);
  }
  anysplice::set_mode(before, 0);
}
