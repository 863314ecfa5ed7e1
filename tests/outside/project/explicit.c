/* A program that calls the library by its own names: explicit INTERPOSES BLOCKED
 * INTERPOSES (0 or 1): what anysplice_interposes() must say; BLOCKED (0 or 1): whether the kernel
 * refuses the calls. */
#ifndef _XOPEN_SOURCE
#define _XOPEN_SOURCE 700 /* POSIX.1-2008, and nothing of Linux */
#endif
#include <anysplice/splice.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static int new_file(const char* name) {
  const int fd = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
  CHECK(fd >= 0);
  return fd;
}

static void check_file(int fd) {
  CHECK(pread(fd, found, SIZE + 1, 0) == SIZE);
  CHECK(memcmp(found, expected, SIZE) == 0);
}

/* file -> pipe -> file, one side by offsets. */
static void copies(void) {
  int in = new_file("in"), out = new_file("out"), ends[2];
  loff_t from = 0;
  ssize_t n, m;
  CHECK(write(in, expected, SIZE) == SIZE);
  CHECK(anysplice_pipe(ends) == 0);
  while ((n = anysplice_splice(in, &from, ends[1], NULL, 65536, SPLICE_F_MOVE)) > 0) {
    for (; n > 0; n -= m) {
      m = anysplice_splice(ends[0], NULL, out, NULL, (size_t)n, SPLICE_F_MORE);
      CHECK(m > 0);
    }
  }
  CHECK(n == 0 && from == SIZE);
  check_file(out);
  anysplice_close(ends[0]);
  anysplice_close(ends[1]);
  close(in);
  close(out);
}

static void sends(void) {
  int in = open("in", O_RDONLY), out = new_file("sent"), ends[2];
  int64_t from = 1;
  CHECK(in >= 0);
  CHECK(anysplice_sendfile(out, in, NULL, SIZE) == SIZE);
  check_file(out);
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0);
  CHECK(anysplice_sendfile(ends[0], in, &from, 1000) == 1000);
  CHECK(from == 1001);
  CHECK(read(ends[1], found, sizeof(found)) == 1000);
  CHECK(memcmp(found, expected + 1, 1000) == 0);
  /* The number is something else now, and nobody told the library. */
  CHECK(dup2(out, ends[0]) == ends[0]);
  CHECK(lseek(out, 0, SEEK_SET) == 0);
  from = 0;
  CHECK(anysplice_sendfile(ends[0], in, &from, SIZE) == SIZE);
  check_file(out);
  close(in);
  close(out);
  close(ends[0]);
  close(ends[1]);
}

/* Memory into a pipe, a copy of it, and both read. */
static void links_and_reads(void) {
  int ends[2], copy[2], count = 0;
  struct pollfd ready;
  struct iovec parts[2];
  parts[0].iov_base = expected;
  parts[0].iov_len = 1000;
  parts[1].iov_base = expected + 1000;
  parts[1].iov_len = 2000;
  CHECK(anysplice_pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0);
  CHECK(anysplice_pipe2(copy, 0) == 0);
  CHECK(anysplice_fcntl(ends[0], F_GETFD) == FD_CLOEXEC);
  CHECK(anysplice_vmsplice(ends[1], parts, 2, 0) == 3000);
  CHECK(anysplice_tee(ends[0], copy[1], SIZE, SPLICE_F_NONBLOCK) == 3000);
  ready.fd = ends[0];
  ready.events = POLLIN;
  CHECK(anysplice_poll(&ready, 1, 0) == 1 && ready.revents == POLLIN);
  CHECK(anysplice_read(ends[0], found, sizeof(found)) == 3000);
  CHECK(memcmp(found, expected, 3000) == 0);
  CHECK(anysplice_read(ends[0], found, 1) == -1 && errno == EAGAIN);
  /* By the descriptor's other number, settled, and read by those who know nothing. */
  ready.fd = anysplice_dup(copy[0]);
  CHECK(ready.fd >= 0);
  CHECK(anysplice_settle(ready.fd) == 0);
  while (count < 3000) {
    const ssize_t n = read(copy[0], found + count, (size_t)(3000 - count));
    CHECK(n > 0);
    count += (int)n;
  }
  CHECK(memcmp(found, expected, 3000) == 0);
  CHECK(anysplice_splice(ends[0], NULL, -1, NULL, 1, 0) == -1 && errno == EBADF);
  CHECK(anysplice_tee(ends[0], ends[1], 1, 0) == -1 && errno == EINVAL);
  CHECK(anysplice_settle(-1) == -1 && errno == EBADF);
  anysplice_close(ready.fd);
  anysplice_close(ends[0]);
  anysplice_close(ends[1]);
  anysplice_close(copy[0]);
  anysplice_close(copy[1]);
}

/* A pipe that the library did not make: what tee leaves in it is held, and read first. The copy is
 * settled, and then the system's. */
static void holds(void) {
  int plain[2], copy[2], count = 0;
  CHECK(pipe(plain) == 0);
  CHECK(anysplice_pipe(copy) == 0);
  CHECK(write(plain[1], "front", 5) == 5);
  CHECK(anysplice_tee(plain[0], copy[1], 5, 0) == 5);
  CHECK(write(plain[1], "back", 4) == 4);
  while (count < 9) {
    const ssize_t n = anysplice_read(plain[0], found + count, 2);
    CHECK(n > 0);
    count += (int)n;
  }
  CHECK(memcmp(found, "frontback", 9) == 0);
  anysplice_settle_all();
  CHECK(read(copy[0], found, SIZE) == 5);
  CHECK(memcmp(found, "front", 5) == 0);
  anysplice_close(plain[0]);
  anysplice_close(plain[1]);
  anysplice_close(copy[0]);
  anysplice_close(copy[1]);
}

/* fork is libc's: parent and child have one pipe, and each byte once. */
static void forks(void) {
  int ends[2], status;
  pid_t child;
  struct iovec all;
  all.iov_base = expected;
  all.iov_len = 100;
  CHECK(anysplice_pipe(ends) == 0);
  CHECK(anysplice_vmsplice(ends[1], &all, 1, 0) == 100);
  child = fork();
  CHECK(child >= 0);
  if (child == 0) {
    CHECK(anysplice_read(ends[0], found, 60) == 60);
    CHECK(memcmp(found, expected, 60) == 0);
    exit(0);
  }
  CHECK(waitpid(child, &status, 0) == child && status == 0);
  CHECK(anysplice_read(ends[0], found, SIZE) == 40);
  CHECK(memcmp(found, expected + 60, 40) == 0);
  anysplice_close(ends[0]);
  anysplice_close(ends[1]);
}

int main(int argc, char** argv) {
  const int interposes = argc > 1 ? atoi(argv[1]) : 0;
  const int blocked = argc > 2 ? atoi(argv[2]) : 0;
  char version[32];
  prepare();
  sprintf(version, "%d.%d.%d", ANYSPLICE_VERSION_MAJOR, ANYSPLICE_VERSION_MINOR,
          ANYSPLICE_VERSION_PATCH);
  CHECK(strcmp(anysplice_version(), version) == 0);
  CHECK(anysplice_interposes() == interposes);
  if (blocked && !interposes) {
    CHECK(splice(-1, NULL, -1, NULL, 0, 0) == -1 && errno == ENOSYS);
  } else {
    CHECK(splice(-1, NULL, -1, NULL, 0, 0) == 0);
  }
  CHECK(anysplice_set_mode("sometimes") == -1 && errno == EINVAL);
  CHECK(anysplice_set_vmsplice("gift") == -1 && errno == EINVAL);
  CHECK(anysplice_set_vmsplice("reference") == 0);
  CHECK(anysplice_set_vmsplice("copy") == 0);
  CHECK(anysplice_set_mode("absent=EPERM") == 0);
  CHECK(anysplice_tee(0, 1, 1, 0) == -1 && errno == EPERM);
  CHECK(anysplice_set_mode(blocked ? "auto" : "emulate") == 0);
  for (int plain = 0; plain < 2; ++plain) {
    if (plain) anysplice_plain_handlers();
    copies();
    sends();
    links_and_reads();
    holds();
    forks();
  }
  puts("ok");
  return 0;
}
