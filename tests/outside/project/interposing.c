/* A program as it is written for Linux. It is linked with libanysplice, which takes the
 * calls by their own names. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <fcntl.h>
#include <poll.h>
#include <sys/sendfile.h>
#include <sys/uio.h>
#include <unistd.h>

#include "check.h"

static void copies(void) {
  int in = open("in", O_RDWR | O_CREAT | O_TRUNC, 0600);
  int out = open("out", O_RDWR | O_CREAT | O_TRUNC, 0600);
  int ends[2];
  ssize_t n;
  CHECK(in >= 0 && out >= 0);
  CHECK(write(in, expected, SIZE) == SIZE);
  CHECK(lseek(in, 0, SEEK_SET) == 0);
  CHECK(pipe(ends) == 0);
  while ((n = splice(in, NULL, ends[1], NULL, 65536, SPLICE_F_MOVE)) > 0) {
    CHECK(splice(ends[0], NULL, out, NULL, (size_t)n, SPLICE_F_MOVE) == n);
  }
  CHECK(n == 0);
  CHECK(pread(out, found, SIZE + 1, 0) == SIZE);
  CHECK(memcmp(found, expected, SIZE) == 0);
  close(ends[0]);
  close(ends[1]);

  CHECK(lseek(in, 0, SEEK_SET) == 0 && ftruncate(out, 0) == 0 && lseek(out, 0, SEEK_SET) == 0);
  CHECK(sendfile(out, in, NULL, SIZE) == SIZE);
  CHECK(pread(out, found, SIZE + 1, 0) == SIZE);
  CHECK(memcmp(found, expected, SIZE) == 0);
  close(in);
  close(out);
}

/* read, poll and stdio see what the library has of the pipes. */
static void links_and_reads(void) {
  int ends[2], copy[2];
  struct pollfd ready;
  struct iovec part;
  FILE* stream;
  part.iov_base = expected;
  part.iov_len = 3000;
  CHECK(pipe(ends) == 0 && pipe(copy) == 0);
  CHECK(vmsplice(ends[1], &part, 1, 0) == 3000);
  CHECK(tee(ends[0], copy[1], SIZE, SPLICE_F_NONBLOCK) == 3000);
  ready.fd = ends[0];
  ready.events = POLLIN;
  CHECK(poll(&ready, 1, 0) == 1 && ready.revents == POLLIN);
  CHECK(read(ends[0], found, sizeof(found)) == 3000);
  CHECK(memcmp(found, expected, 3000) == 0);
  close(copy[1]);
  stream = fdopen(copy[0], "r");
  CHECK(stream != NULL);
  CHECK(fread(found, 1, sizeof(found), stream) == 3000);
  CHECK(memcmp(found, expected, 3000) == 0);
  fclose(stream);
  close(ends[0]);
  close(ends[1]);
}

int main(void) {
  prepare();
  copies();
  links_and_reads();
  puts("ok");
  return 0;
}
