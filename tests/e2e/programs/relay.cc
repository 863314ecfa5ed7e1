// relay FROM TO: copies a file through a pipe by splice, and by read and write if the first splice
// says EINVAL; any other error is one. As Go's net.TCPConn.ReadFrom does. Prints which it was.
// Linked statically.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

namespace {

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
    ssize_t left = splice(from, nullptr, ends[1], nullptr, 65536, 0);
    if (left < 0 && first && errno == EINVAL) {
      puts("copies");
      return copy(from, to);
    }
    if (left <= 0) return left < 0 ? fail("splice") : 0;
    if (first) puts("splices");
    while (left > 0) {
      const ssize_t n = splice(ends[0], nullptr, to, nullptr, static_cast<size_t>(left), 0);
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
