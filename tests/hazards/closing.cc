// Ends that are closed behind the engine's back, and numbers that come back as something else.
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>

#include "hazard.h"

using namespace hazard;

namespace {

void by_close(int fd) { CHECK_EQ(close(fd), 0); }
void by_fclose(int fd) {
  FILE* file = fdopen(fd, (fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY ? "w" : "r");
  CHECK(file != nullptr);
  CHECK_EQ(fclose(file), 0);
}
void by_close_range(int fd) {
  const auto number = static_cast<unsigned>(fd);
  CHECK_EQ(close_range(number, number, 0), 0);
}
void by_number(int fd) { CHECK_EQ(syscall(SYS_close, fd), 0); }
void by_inline_call(int fd) { CHECK_EQ(raw_syscall(SYS_close, fd, 0, 0), 0); }

// Both numbers come back as a socket pair, then one as a file, then both as a pipe.
void reuse(int r, int w) {
  int sockets[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  CHECK_EQ(std::min(sockets[0], sockets[1]), std::min(r, w));
  CHECK_EQ(std::max(sockets[0], sockets[1]), std::max(r, w));
  CHECK_EQ(ready(r, POLLIN), 0);
  for (int i : {0, 1}) {
    put(sockets[i], "socket");
    CHECK_EQ(take(sockets[1 - i], 6), "socket");
  }
  close(sockets[0]);
  close(sockets[1]);

  const int file = memfd_create("reuse", 0);
  CHECK_EQ(file, std::min(r, w));
  put(file, "file");
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  CHECK_EQ(take(file, 10), "file");
  close(file);

  const int inner = file_of("opened inside libc");
  CHECK_EQ(inner, std::max(r, w));
  CHECK_EQ(ready(inner, POLLIN), POLLIN);
  CHECK_EQ(take(inner, 100), "opened inside libc");
  close(inner);

  Teed pipe("pipe");
  close(pipe.pipe.w);
  CHECK_EQ(take(pipe.pipe.r, 10), "pipe");
}

void close_and_reuse(void (*end)(int)) {
  const Teed teed("stale");
  end(teed.pipe.r);
  end(teed.pipe.w);
  reuse(teed.pipe.r, teed.pipe.w);
}

void close_last_writer(void (*end)(int)) {
  const Teed teed("last words");
  end(teed.pipe.w);
  CHECK_EQ(ready(teed.pipe.r, POLLIN) & POLLIN, POLLIN);
  CHECK_EQ(take(teed.pipe.r, 100), "last words");
  CHECK_EQ(ready(teed.pipe.r, POLLIN, 1000), POLLHUP);
}

constexpr void (*kWays[])(int) = {by_close, by_fclose, by_close_range, by_number, by_inline_call};

}  // namespace

HAZARD(numbers_come_back) {
  for (const auto way : kWays) close_and_reuse(way);
}

HAZARD(last_writer_goes) {
  for (const auto way : kWays) close_last_writer(way);
}

HAZARD(closefrom_ends_all) {
  const int first = dup(0);
  const Teed teed("stale");
  closefrom(first);
  CHECK_FAILS(read(teed.pipe.r, nullptr, 0), EBADF);
  close_and_reuse(by_close);
}

HAZARD(dup2_over_an_end) {
  const Teed teed("stale");
  const int file = file_of("file");
  for (const int end : {teed.pipe.r, teed.pipe.w}) {
    CHECK_EQ(dup2(file, end), end);
    CHECK_EQ(lseek(end, 0, SEEK_SET), 0);
    CHECK_EQ(take(end, 10), "file");
  }
  CHECK_EQ(take(teed.copy.r, 5), "stale");
}

HAZARD(daemon_ends_standard_input) {
  const Teed teed("for the daemon");
  const Pipe report;
  const pid_t child = start([&] {
    dup2(teed.pipe.r, 0);
    CHECK_EQ(daemon(1, 0), 0);  // 0, 1 and 2 are /dev/null now
    const std::string nothing = take(0, 10);
    put(report.w, nothing.empty() ? take(teed.pipe.r, 14) : "stdin is not empty");
  });
  finish(child);
  CHECK_EQ(take(report.r, 14), "for the daemon");
}

HAZARD(spawn_file_actions) {
  const Teed teed("for the child");
  const Pipe output;
  close(teed.pipe.w);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, teed.pipe.r, 0);
  posix_spawn_file_actions_adddup2(&actions, output.w, 1);
  for (const int fd : {teed.pipe.r, output.r, output.w, teed.copy.r, teed.copy.w}) {
    posix_spawn_file_actions_addclose(&actions, fd);
  }
  char name[] = "cat";
  char* argv[] = {name, nullptr};
  pid_t child;
  CHECK_EQ(posix_spawnp(&child, "cat", &actions, nullptr, argv, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  CHECK_EQ(take(output.r, 13), "for the child");
  finish(child);
  // What the child closed is still open here.
  CHECK_EQ(take(teed.copy.r, 13), "for the child");
  put(output.w, "open");
  CHECK_EQ(take(output.r, 4), "open");
}
