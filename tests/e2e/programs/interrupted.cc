// interrupted urgent|children restart|interrupt: moves what comes on stdin to stdout by splice,
// while a signal comes every 10 ms: SIGURG for the thread that moves, as Go's runtime sends it, or
// SIGCHLD for the process. Counts on stderr the signals that were handled and the calls that ended
// with EINTR. interrupted timeout quiet|restart: waits for a socket that has a timeout. Prints what
// the call returned, what errno was, and whether signals were handled. Linked statically.
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

namespace {

std::atomic<int> handled;
std::atomic<bool> done;
pthread_t mover;

void handle(int signal) {
  const int kept = errno;
  ++handled;
  if (signal == SIGCHLD) {
    while (waitpid(-1, nullptr, WNOHANG) > 0) {
    }
  }
  errno = kept;
}

void set_handler(int signal, int flags) {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

void* disturb(void* by_children) {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
  while (!done) {
    usleep(10000);
    if (by_children == nullptr) {
      pthread_kill(mover, SIGURG);
    } else if (fork() == 0) {
      _exit(0);
    }
  }
  return nullptr;
}

int move(bool by_children) {
  mover = pthread_self();
  pthread_t thread;
  pthread_create(&thread, nullptr, disturb, by_children ? &thread : nullptr);
  int interrupted = 0;
  for (ssize_t n = 1; n != 0;) {
    n = splice(STDIN_FILENO, nullptr, STDOUT_FILENO, nullptr, 65536, 0);
    if (n < 0 && errno != EINTR) {
      perror("splice");
      return 1;
    }
    if (n < 0) ++interrupted;
  }
  done = true;
  pthread_join(thread, nullptr);
  fprintf(stderr, "%d %d\n", handled.load(), interrupted);
  return 0;
}

int time_out(bool signals) {
  int sockets[2], ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM, 0, sockets) != 0 || pipe(ends) != 0) return 2;
  constexpr timeval kTimeout{0, 400000};
  setsockopt(sockets[0], SOL_SOCKET, SO_RCVTIMEO, &kTimeout, sizeof(kTimeout));
  if (signals) {
    set_handler(SIGALRM, SA_RESTART);
    const itimerval often{{0, 100000}, {0, 100000}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  const ssize_t n = splice(sockets[0], nullptr, ends[1], nullptr, 100, 0);
  printf("%zd %d %d\n", n, n < 0 ? errno : 0, handled > 0);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return 2;
  const bool restarts = strcmp(argv[2], "restart") == 0;
  if (strcmp(argv[1], "timeout") == 0) return time_out(restarts);
  const bool by_children = strcmp(argv[1], "children") == 0;
  set_handler(by_children ? SIGCHLD : SIGURG, restarts ? SA_RESTART : 0);
  return move(by_children);
}
