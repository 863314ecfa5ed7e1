// tee_to_file FILE: copies standard input, a pipe, to standard output, another pipe, and to FILE.
//
// This is the example of the tee(2) manual page: tee to standard output, then splice the same bytes
// into the file. Where that one spins, this one waits with poll.
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

namespace {

bool wait_for(int fd, short events) {
  pollfd entry = {fd, events, 0};
  return poll(&entry, 1, 60000) == 1;
}

// Moves exactly len bytes, which are there, from standard input to the file.
bool move_to_file(int file, ssize_t len) {
  while (len > 0) {
    const ssize_t moved = splice(STDIN_FILENO, nullptr, file, nullptr, len, SPLICE_F_MOVE);
    if (moved <= 0) return false;
    len -= moved;
  }
  return true;
}

int fail(const char* what) {
  perror(what);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const int file = open(argv[1], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (file < 0) return fail(argv[1]);
  for (;;) {
    const ssize_t len = tee(STDIN_FILENO, STDOUT_FILENO, INT_MAX, SPLICE_F_NONBLOCK);
    if (len == 0) return 0;
    if (len > 0) {
      if (!move_to_file(file, len)) return fail("splice");
    } else if (errno != EAGAIN) {
      return fail("tee");
    } else if (!wait_for(STDIN_FILENO, POLLIN) || !wait_for(STDOUT_FILENO, POLLOUT)) {
      return fail("poll");
    }
  }
}
