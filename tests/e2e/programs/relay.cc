// relay FROM TO: copies a file through a pipe by splice, and by read and write if the first splice
// says EINVAL; any other error is one. As Go's net.TCPConn.ReadFrom does. Prints which it was.
// Linked statically; or, with OWN_CALLS, with shared libraries, and splices by an instruction of
// its own. Needs no C++ library, so that a bare compiler for C with another libc can make it.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#ifdef OWN_CALLS
#include <sys/syscall.h>

#include "own_call.h"
#endif

namespace {

ssize_t move(int from, int to, size_t length) {
#ifdef OWN_CALLS
  return own_call(SYS_splice, from, 0, to, 0, static_cast<long>(length), 0);
#else
  return splice(from, nullptr, to, nullptr, length, 0);
#endif
}

int fail(const char* what) {
  perror(what);
  return 1;
}

int copy(int from, int to) {
  char bytes[4096];
  for (;;) {
    const ssize_t n = read(from, bytes, sizeof(bytes));
    if (n <= 0) return n < 0 ? fail("read") : 0;
    if (write(to, bytes, static_cast<size_t>(n)) != n) return fail("write");
  }
}

int relay(int from, int to) {
  int ends[2];
  if (pipe(ends) != 0) return fail("pipe");
  for (bool first = true;; first = false) {
    ssize_t left = move(from, ends[1], 65536);
    if (left < 0 && first && errno == EINVAL) {
      puts("copies");
      return copy(from, to);
    }
    if (left <= 0) return left < 0 ? fail("splice") : 0;
    if (first) puts("splices");
    while (left > 0) {
      const ssize_t n = move(ends[0], to, static_cast<size_t>(left));
      if (n <= 0) return fail("splice");
      left -= n;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int from = open(argv[1], O_RDONLY);
  const int to = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  return from < 0 || to < 0 ? fail("open") : relay(from, to);
}
