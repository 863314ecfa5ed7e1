// A stranger fills a pipe between the engine's look at its room and the write of bytes that have
// left a socket: they are not lost, and if possible nobody waits.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "core/calls/engine.h"
#include "core/policy/mode.h"
#include "core/sys/platform.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

Sys real;
int filled_at = -1;     // the write end that is filled after the next recv
int drained_from = -1;  // the read end that somebody empties when the engine waits
std::string drained;

void fill(int fd) {
  const std::string page(4096, 's');
  const int flags = ::fcntl(fd, F_GETFL);
  ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  while (::write(fd, page.data(), page.size()) > 0) continue;
  ::fcntl(fd, F_SETFL, flags);
}

std::string take(int fd, size_t most) {
  std::string bytes(most, 0);
  const ssize_t n = ::read(fd, bytes.data(), most);
  bytes.resize(n > 0 ? static_cast<size_t>(n) : 0);
  return bytes;
}

ssize_t recv_then_fill(int fd, void* to, size_t size, int flags) {
  const ssize_t n = real.recv(fd, to, size, flags);
  if (filled_at >= 0) fill(std::exchange(filled_at, -1));
  return n;
}

void drain() {
  if (drained_from >= 0) drained = take(std::exchange(drained_from, -1), 1 << 20);
}

ssize_t waiting_write(int fd, const void* from, size_t size) {
  if ((::fcntl(fd, F_GETFL) & O_NONBLOCK) == 0) drain();
  return real.write(fd, from, size);
}

int waiting_poll(pollfd* fds, nfds_t count, int timeout) {
  if (timeout < 0) drain();
  return real.poll(fds, count, timeout);
}

int no_larger_pipe(int fd, int command, long arg) {
  if (command == F_SETPIPE_SZ) {
    errno = EPERM;
    return -1;
  }
  return real.fcntl(fd, command, arg);
}

template <typename... A>
ssize_t refuse(int, A...) {
  errno = ENOMEM;
  return -1;
}

}  // namespace

// They are held then, and found.
TEST_CASE("bytes that left a socket when the pipe takes no write at all") {
  if (kPosixPlatform) return;  // it looks at the socket first
  real = sys_table;
  sys_table.pwritev2 = refuse<const iovec*, int, off_t, int>;
  sys_table.writev = refuse<const iovec*, int>;
  sys_table.write = refuse<const void*, size_t>;
  set_mode(Mode::kEmulate, ENOSYS);
  int pipe[2];
  int pair[2];
  REQUIRE(::pipe(pipe) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const std::string sent(5000, 'a');
  REQUIRE(::send(pair[1], sent.data(), sent.size(), 0) == 5000);
  CHECK(splice(pair[0], nullptr, pipe[1], nullptr, 5000, SPLICE_F_NONBLOCK) == 5000);
  sys_table = real;
  pollfd readable{pipe[0], POLLIN, 0};
  CHECK(anysplice::poll(&readable, 1, 0) == 1);
  std::string all(10000, 0);
  if (readable.revents != 0) {
    REQUIRE(anysplice::read(pipe[0], all.data(), all.size()) == 5000);
    all.resize(5000);
  }
  CHECK((all == sent));  // in parentheses: too much to print
  for (const int fd : {pipe[0], pipe[1], pair[0], pair[1]}) ::close(fd);
  set_mode(Mode::kAuto, ENOSYS);
}

TEST_CASE("bytes that left a socket while a stranger filled the pipe") {
  const bool may_grow = GENERATE(true, false);
  const int flags = GENERATE(0, O_NONBLOCK);
  CAPTURE(may_grow, flags);
  real = sys_table;
  sys_table.recv = recv_then_fill;
  sys_table.write = waiting_write;
  sys_table.poll = waiting_poll;
  if (!may_grow) sys_table.fcntl = no_larger_pipe;
  set_mode(Mode::kEmulate, ENOSYS);
  int pipe[2];
  int pair[2];
  REQUIRE(::pipe2(pipe, flags) == 0);
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
  const std::string sent(5000, 'a');
  REQUIRE(::send(pair[1], sent.data(), sent.size(), 0) == 5000);
  filled_at = pipe[1];
  drained_from = pipe[0];
  drained.clear();
  CHECK(splice(pair[0], nullptr, pipe[1], nullptr, 5000, SPLICE_F_NONBLOCK) == 5000);
  sys_table = real;
  // Where the pipe can grow nobody had to read first.
  CHECK(drained.empty() == (may_grow && !kPosixPlatform));
  const std::string all = drained + take(pipe[0], 1 << 20);
  CHECK((all == std::string(65536, 's') + sent));  // in parentheses: too much to print
  for (const int fd : {pipe[0], pipe[1], pair[0], pair[1]}) ::close(fd);
  set_mode(Mode::kAuto, ENOSYS);
}

}  // namespace anysplice
