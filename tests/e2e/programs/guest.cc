// guest: what a program does with pipes of its own, for tests that count system calls.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

struct Pipe {
  Pipe() { ok = pipe2(ends, O_CLOEXEC) == 0; }
  int ends[2];
  bool ok;
};

#define DO(call) \
  if ((call) < 0) return perror(#call), 1

int splices(int file, int null, const Pipe& a, const Pipe& b) {
  char bytes[] = "abcdef";
  const iovec iov{bytes, 6};
  off64_t at = 0;
  DO(splice(file, &at, a.ends[1], nullptr, 100, 0));
  DO(tee(a.ends[0], b.ends[1], 50, 0));
  DO(splice(a.ends[0], nullptr, null, nullptr, 100, 0));
  DO(splice(b.ends[0], nullptr, null, nullptr, 50, 0));
  DO(vmsplice(a.ends[1], &iov, 1, 0));
  DO(read(a.ends[0], bytes, 6));
  off_t from = 0;
  DO(sendfile(a.ends[1], file, &from, 6));
  DO(read(a.ends[0], bytes, 6));
  return 0;
}

int watching(const Pipe& a) {
  pollfd p{a.ends[0], POLLIN, 0};
  DO(poll(&p, 1, 0));
  DO(poll(&p, 1, 1));
  fd_set set;
  FD_ZERO(&set);
  FD_SET(a.ends[0], &set);
  timeval soon{0, 1000};
  DO(select(a.ends[0] + 1, &set, nullptr, nullptr, &soon));
  int bytes;
  DO(ioctl(a.ends[0], FIONREAD, &bytes));
  const int set_of = epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  DO(epoll_ctl(set_of, EPOLL_CTL_ADD, a.ends[0], &event));
  DO(epoll_wait(set_of, &event, 1, 0));
  int sockets[2];
  DO(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets));
  DO(epoll_ctl(set_of, EPOLL_CTL_ADD, sockets[0], &event));
  DO(close(sockets[0]));
  DO(close(sockets[1]));
  return close(set_of);
}

int numbers(const Pipe& a) {
  const int flags = fcntl(a.ends[0], F_GETFL);
  DO(fcntl(a.ends[0], F_SETFL, flags | O_NONBLOCK));
  DO(fcntl(a.ends[0], F_SETFL, flags));
  DO(fcntl(a.ends[1], F_SETPIPE_SZ, 1 << 17));
  DO(fcntl(a.ends[1], F_GETPIPE_SZ));
  const int copy = dup(a.ends[0]);
  DO(dup2(a.ends[1], 50));
  DO(close(copy));
  DO(close(50));
  char path[] = "/dev/null";
  DO(close(open(path, O_RDONLY)));
  FILE* const stream = fopen(path, "r");
  return stream != nullptr ? fclose(stream) : 1;
}

int children(const Pipe& a) {
  char byte = 'x';
  const pid_t child = fork();
  if (child == 0) _exit(write(a.ends[1], &byte, 1) == 1 ? 0 : 1);
  int status;
  DO(waitpid(child, &status, 0));
  DO(read(a.ends[0], &byte, 1));
  DO(write(a.ends[1], &byte, 1));
  DO(read(a.ends[0], &byte, 1));
  return status;
}

}  // namespace

int main() {
  const Pipe a, b;
  const int file = open("/etc/passwd", O_RDONLY);
  const int null = open("/dev/null", O_WRONLY);
  if (!a.ok || !b.ok || file < 0 || null < 0) return 1;
  if (splices(file, null, a, b) != 0 || watching(a) != 0 || numbers(a) != 0) return 1;
  if (children(a) != 0) return 1;
  FILE* const stream = fdopen(b.ends[1], "w");
  fputs("abc", stream);
  return fclose(stream);
}
