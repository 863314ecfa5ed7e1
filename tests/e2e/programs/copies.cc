// copies IN OUT: copies a file by splice, with a tee of all that passes, then once more by sendfile
// and once more by vmsplice. Prints what each call says, and goes on after EINTR, EAGAIN and counts
// that are short; another error is the end. Built with shared libraries and without.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

namespace {

// How much was moved: of a call that is to be made again, nothing.
ssize_t told(const char* name, ssize_t n) {
  if (n >= 0) return printf("%s %zd\n", name, n), n;
  printf("%s %s\n", name, strerrorname_np(errno));
  if (errno != EINTR && errno != EAGAIN) exit(1);
  return -1;
}

void drain(int pipe, int to, ssize_t left) {
  while (left > 0) {
    const ssize_t n = told("out", splice(pipe, nullptr, to, nullptr, static_cast<size_t>(left), 0));
    if (n > 0) left -= n;
  }
}

void by_splice(int in, int out, int (&ends)[2]) {
  int copy[2];
  if (pipe(copy) != 0) exit(2);
  const int nothing = open("/dev/null", O_WRONLY);
  for (ssize_t n; (n = told("in", splice(in, nullptr, ends[1], nullptr, 32768, 0))) != 0;) {
    if (n < 0) continue;
    const ssize_t seen =
        told("tee", tee(ends[0], copy[1], static_cast<size_t>(n), SPLICE_F_NONBLOCK));
    drain(copy[0], nothing, seen);
    drain(ends[0], out, n);
  }
}

void by_vmsplice(int in, int out, int (&ends)[2]) {
  static char bytes[30000];
  for (ssize_t size; (size = read(in, bytes, sizeof(bytes))) > 0;) {
    for (ssize_t at = 0; at < size;) {
      const iovec piece{bytes + at, static_cast<size_t>(size - at)};
      const ssize_t n = told("memory", vmsplice(ends[1], &piece, 1, 0));
      if (n <= 0) continue;
      drain(ends[0], out, n);
      at += n;
    }
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const int in = open(argv[1], O_RDONLY);
  const int out = open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0600);
  int ends[2];
  if (in < 0 || out < 0 || pipe(ends) != 0) return 2;
  by_splice(in, out, ends);
  off_t at = 0;
  while (told("send", sendfile(out, in, &at, 30000)) != 0) {
  }
  lseek(in, 0, SEEK_SET);
  by_vmsplice(in, out, ends);
  return 0;
}
