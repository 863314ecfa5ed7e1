/* cat, written for Linux: splice_cat [-c COPY] [-t TITLE] [FILE...]
 * Files and standard input go to standard output without passing through a buffer; -c keeps a copy
 * of what came from standard input, if that is a pipe, -t sends a line first. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static void fail(const char* what) {
  perror(what);
  exit(1);
}

/* Moves n bytes out of a pipe. */
static void drain(int from, int to, size_t n) {
  while (n > 0) {
    const ssize_t moved = splice(from, NULL, to, NULL, n, SPLICE_F_MOVE);
    if (moved < 0 && errno == EINTR) continue;
    if (moved <= 0) fail("splice");
    n -= (size_t)moved;
  }
}

static void send_title(char* title) {
  struct iovec line[2] = {{title, strlen(title)}, {"\n", 1}};
  const size_t size = line[0].iov_len + 1;
  int ends[2];
  if (pipe(ends) != 0) fail("pipe");
  if (vmsplice(ends[1], line, 2, 0) != (ssize_t)size) fail("vmsplice");
  drain(ends[0], 1, size);
  close(ends[0]);
  close(ends[1]);
}

static void send_file(const char* name) {
  const int in = open(name, O_RDONLY);
  ssize_t n;
  if (in < 0) fail(name);
  while ((n = sendfile(1, in, NULL, 1 << 20)) != 0) {
    if (n < 0 && errno != EINTR) fail("sendfile");
  }
  close(in);
}

static void send_input(int copy) {
  int side[2], ends[2] = {0, -1};
  struct stat st;
  ssize_t n;
  if (fstat(0, &st) != 0) fail("standard input");
  if (!S_ISFIFO(st.st_mode) && pipe(ends) != 0) fail("pipe");
  if (pipe(side) != 0) fail("pipe");
  for (;;) {
    /* What is no pipe goes through one. */
    if (ends[0] != 0) {
      n = splice(0, NULL, ends[1], NULL, 65536, 0);
    } else if (copy < 0) {
      n = splice(0, NULL, 1, NULL, 65536, SPLICE_F_MORE);
      if (n > 0) continue;
    } else {
      n = 1;
    }
    if (n <= 0) break;
    if (copy < 0) {
      drain(ends[0], 1, (size_t)n);
      continue;
    }
    n = tee(ends[0], side[1], 65536, 0);
    if (n <= 0) break;
    drain(side[0], copy, (size_t)n);
    drain(ends[0], 1, (size_t)n);
  }
  if (n < 0) fail("standard input");
}

int main(int argc, char** argv) {
  int copy = -1, option;
  while ((option = getopt(argc, argv, "c:t:")) != -1) {
    if (option == 't') send_title(optarg);
    if (option == 'c' && (copy = open(optarg, O_WRONLY | O_CREAT | O_TRUNC, 0644)) < 0) {
      fail(optarg);
    }
    if (option == '?') return 2;
  }
  if (optind == argc) send_input(copy);
  for (; optind < argc; ++optind) send_file(argv[optind]);
  return 0;
}
