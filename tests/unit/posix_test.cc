// What only the POSIX platform has, tried on its own.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/sys/files.h"
#include "core/sys/kernel_pipe.h"
#include "core/sys/posix/no_sigpipe.h"
#include "core/sys/posix/object_memory.h"
#include "core/sys/posix/poll_one.h"
#include "core/sys/sys.h"
#include "tests/catch.h"

namespace anysplice {
namespace {

volatile sig_atomic_t signals;
void count_signal(int) { signals = signals + 1; }

}  // namespace

TEST_CASE("memory of a nameless object is zero, and shared with children if asked for") {
  const size_t size = 3 * system_page();
  for (const Sharing sharing : {Sharing::kPrivate, Sharing::kRelated}) {
    char* memory = static_cast<char*>(map_object(size, sharing));
    REQUIRE(memory != nullptr);
    for (size_t i = 0; i < size; ++i) REQUIRE(memory[i] == 0);
    const pid_t child = ::fork();
    if (child == 0) {
      memory[size - 1] = 'x';
      _exit(0);
    }
    REQUIRE(waitpid(child, nullptr, 0) == child);
    CHECK(memory[size - 1] == (sharing == Sharing::kRelated ? 'x' : 0));
    unmap_memory(memory, size);
  }
}

TEST_CASE("a send to a closed peer raises no SIGPIPE, and leaves a pending one") {
  int s[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
  ::close(s[1]);
  char byte = 'x';
  iovec iov{&byte, 1};
  msghdr message{};
  message.msg_iov = &iov;
  message.msg_iovlen = 1;
  struct sigaction counting {};
  struct sigaction kept;
  counting.sa_handler = count_signal;
  REQUIRE(sigaction(SIGPIPE, &counting, &kept) == 0);
  signals = 0;
  CHECK(send_without_sigpipe(s[0], &message, 0) == -1);
  CHECK(errno == EPIPE);
  CHECK(signals == 0);
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
  raise(SIGPIPE);
  CHECK(send_without_sigpipe(s[0], &message, 0) == -1);
  pthread_sigmask(SIG_UNBLOCK, &pipe, nullptr);
  CHECK(signals == 1);
  sigaction(SIGPIPE, &kept, nullptr);
  ::close(s[0]);
}

TEST_CASE("what a new pipe takes is measured") {
  int fd[2];
  REQUIRE(::pipe(fd) == 0);
  const size_t slots = kernel_pipe::slots(fd[0]);
  CHECK(slots >= 1);
  // As much goes in without waiting, piece by piece.
  const std::string all(slots * 4096, 'x');
  iovec iov{const_cast<char*>(all.data()), all.size()};
  CHECK(kernel_pipe::write_now(fd[1], &iov, 1) == static_cast<ssize_t>(all.size()));
  CHECK(kernel_pipe::write_now(fd[1], &iov, 1) == -EAGAIN);
  CHECK(kernel_pipe::bytes(fd[0]) == static_cast<ssize_t>(all.size()));
  ::close(fd[0]);
  ::close(fd[1]);
}

TEST_CASE("pieces are written at a position one after the other") {
  FILE* const file = tmpfile();
  REQUIRE(file != nullptr);
  char text[] = "abcdef";
  const iovec pieces[] = {{text, 2}, {text + 2, 0}, {text + 2, 4}};
  CHECK(files::write_at(fileno(file), pieces, 3, 10) == 6);
  char back[8] = {};
  CHECK(::pread(fileno(file), back, sizeof(back), 10) == 6);
  CHECK(strcmp(back, text) == 0);
  CHECK(files::null_device() != files::full_device());
  fclose(file);
}

TEST_CASE("the other end of a pipe is found among the descriptors of this process") {
  int fd[2];
  int other[2];
  REQUIRE(::pipe(other) == 0);
  REQUIRE(::pipe(fd) == 0);
  const int found = kernel_pipe::open_end(fd[0], O_WRONLY, false);
  REQUIRE(found >= 0);
  CHECK(::write(found, "x", 1) == 1);
  CHECK(kernel_pipe::bytes(fd[0]) == 1);
  ::close(found);
  ::close(fd[1]);
  CHECK(kernel_pipe::open_end(fd[0], O_WRONLY, false) == -1);
  for (int one : {fd[0], other[0], other[1]}) ::close(one);
}

TEST_CASE("nobody waits for a pipe that is not to be waited for") {
  int fd[2];
  REQUIRE(::pipe2(fd, O_NONBLOCK) == 0);
  CHECK(kernel_pipe::wait_readable(fd[0], true) == -EAGAIN);
  while (::write(fd[1], "x", 1) == 1) {
  }
  CHECK(kernel_pipe::wait_readable(fd[0], true) == 0);
  CHECK(kernel_pipe::wait_writable(fd[1], true) == -EAGAIN);
  for (int one : fd) ::close(one);
}

TEST_CASE("a part of a socket's room is enough, though poll does not speak of it") {
  int s[2];
  REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0);
  const std::string page(4096, 'x');
  while (::send(s[0], page.data(), page.size(), MSG_DONTWAIT) > 0) continue;
  std::string taken(3 * page.size(), 0);
  REQUIRE(::recv(s[1], taken.data(), taken.size(), 0) > 0);
  if (poll_one(s[0], POLLOUT, 0) == 0) {
    CHECK(kernel_pipe::wait_writable(s[0], true) == 0);
    CHECK(::send(s[0], page.data(), page.size(), MSG_DONTWAIT) > 0);
  }
  for (int one : s) ::close(one);
}

TEST_CASE("a pipe can be asked where no descriptor is allowed") {
  int fd[2];
  REQUIRE(::pipe(fd) == 0);
  rlimit limit;
  REQUIRE(getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit none{0, limit.rlim_max};
  REQUIRE(setrlimit(RLIMIT_NOFILE, &none) == 0);
  const int empty = poll_one(fd[0], POLLIN, 1);
  const int room = poll_one(fd[1], POLLOUT, -1);
  const ssize_t written = ::write(fd[1], "x", 1);
  const int full = poll_one(fd[0], POLLIN, -1);
  REQUIRE(setrlimit(RLIMIT_NOFILE, &limit) == 0);
  CHECK(empty == 0);
  CHECK(room == 1);
  CHECK(written == 1);
  CHECK(full == 1);
  for (int one : fd) ::close(one);
}

}  // namespace anysplice
