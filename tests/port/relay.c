/* A TCP relay, written for Linux: relay PORT GREETING LOG
 * Listens on the loopback interface, prints its own port, takes one client, and connects it to
 * PORT. The client first gets the file GREETING, the server a line that names the relay. What the
 * client sends is also written to LOG. Ends when both directions have. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CHUNK = 65536 };

struct flow {
  int from, to;   /* sockets that do not wait */
  int pipe[2];    /* what came and is not gone */
  size_t waiting; /* bytes in it */
  int log;        /* the write end of the pipe to the log, or -1 */
  int ended;      /* nothing more will come */
  int closed;     /* and that was passed on */
};

static void fail(const char* what) {
  perror(what);
  exit(1);
}

static struct sockaddr_in loopback(int port) {
  struct sockaddr_in address;
  memset(&address, 0, sizeof(address));
  address.sin_family = AF_INET;
  address.sin_port = htons((unsigned short)port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

static int accept_one(void) {
  struct sockaddr_in address = loopback(0);
  socklen_t size = sizeof(address);
  const int listening = socket(AF_INET, SOCK_STREAM, 0);
  int client;
  if (listening < 0 || bind(listening, (struct sockaddr*)&address, size) != 0 ||
      listen(listening, 1) != 0 || getsockname(listening, (struct sockaddr*)&address, &size) != 0) {
    fail("listen");
  }
  printf("%d\n", ntohs(address.sin_port));
  fflush(stdout);
  client = accept(listening, NULL, NULL);
  if (client < 0) fail("accept");
  close(listening);
  return client;
}

static int connect_to(int port) {
  struct sockaddr_in address = loopback(port);
  const int server = socket(AF_INET, SOCK_STREAM, 0);
  if (server < 0 || connect(server, (struct sockaddr*)&address, sizeof(address)) != 0) {
    fail("connect");
  }
  return server;
}

/* Takes what there is, if the pipe is empty; a copy of it goes to the log. */
static void take(struct flow* f, int log_from, int log_file) {
  ssize_t n = splice(f->from, NULL, f->pipe[1], NULL, CHUNK, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n < 0) fail("splice from a socket");
  f->ended = n == 0;
  f->waiting = (size_t)n;
  if (n == 0 || f->log < 0) return;
  if (tee(f->pipe[0], f->log, (size_t)n, 0) != n) fail("tee");
  while (n > 0) {
    const ssize_t written = splice(log_from, NULL, log_file, NULL, (size_t)n, 0);
    if (written <= 0) fail("splice to the log");
    n -= written;
  }
}

static void give(struct flow* f) {
  const ssize_t n = splice(f->pipe[0], NULL, f->to, NULL, f->waiting, SPLICE_F_MOVE);
  if (n < 0 && errno != EAGAIN && errno != EINTR) fail("splice to a socket");
  if (n > 0) f->waiting -= (size_t)n;
}

static void relay(struct flow* flows, int log_from, int log_file) {
  while (!flows[0].closed || !flows[1].closed) {
    struct pollfd fds[2];
    int i;
    for (i = 0; i < 2; ++i) {
      const struct flow* f = &flows[i];
      fds[i].fd = f->closed ? -1 : f->waiting > 0 ? f->to : f->from;
      fds[i].events = f->waiting > 0 ? POLLOUT : POLLIN;
    }
    if (poll(fds, 2, 20000) == 0) fail("nothing comes any more");
    for (i = 0; i < 2; ++i) {
      struct flow* f = &flows[i];
      if (fds[i].fd < 0 || fds[i].revents == 0) continue;
      if (f->waiting == 0) take(f, log_from, log_file);
      if (f->waiting > 0) give(f);
      if (f->ended && f->waiting == 0) {
        shutdown(f->to, SHUT_WR);
        f->closed = 1;
      }
    }
  }
}

int main(int argc, char** argv) {
  char name[] = "relayed\n";
  struct iovec line = {name, sizeof(name) - 1};
  struct flow flows[2];
  int client, server, greeting, log_file, log_pipe[2], i;
  off_t sent = 0;
  struct stat st;
  if (argc != 4) return 2;
  greeting = open(argv[2], O_RDONLY);
  if (greeting < 0 || fstat(greeting, &st) != 0) fail(argv[2]);
  log_file = open(argv[3], O_WRONLY | O_CREAT | O_TRUNC, 0644);
  if (log_file < 0) fail(argv[3]);

  client = accept_one();
  server = connect_to(atoi(argv[1]));
  while (sent < st.st_size) {
    if (sendfile(client, greeting, &sent, (size_t)(st.st_size - sent)) <= 0) fail("sendfile");
  }
  memset(flows, 0, sizeof(flows));
  flows[0].from = flows[1].to = client;
  flows[0].to = flows[1].from = server;
  for (i = 0; i < 2; ++i) {
    if (pipe(flows[i].pipe) != 0) fail("pipe");
    if (fcntl(flows[i].from, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
  }
  if (pipe(log_pipe) != 0) fail("pipe");
  flows[0].log = log_pipe[1];
  flows[1].log = -1;
  if (vmsplice(flows[0].pipe[1], &line, 1, 0) != (ssize_t)line.iov_len) fail("vmsplice");
  flows[0].waiting = line.iov_len;
  relay(flows, log_pipe[0], log_file);
  return 0;
}
