// waiting restart|interrupt|stop|broken|caught|others|alone|outlived|stdin [threads]: calls that
// wait, and what ends that; of a pipe, or with alone=tcp or alone=unix of a socket; stdin=handles
// handles signals that mean nothing. Prints what the call returned, what errno was, and how many
// signals were handled; with `threads` another thread is there that could take the signal. Linked
// statically.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <string_view>

namespace {

volatile sig_atomic_t handled;
int feed = -1;  // what the second signal writes to

void handle(int) {
  const int kept = errno;
  handled = handled + 1;
  if (feed >= 0 && handled == 2 && write(feed, "abcde", 5) != 5) _exit(3);
  errno = kept;
}

void set_handler(int signal, int flags) {
  struct sigaction action {};
  action.sa_handler = handle;
  action.sa_flags = flags;
  sigaction(signal, &action, nullptr);
}

void* idle(void*) {
  for (;;) pause();
}

void move_own(int times) {
  for (int i = 0; i < times; ++i) {
    int from[2], to[2];
    char bytes[4];
    if (pipe(from) != 0 || pipe(to) != 0 || write(from[1], "xyz", 3) != 3 ||
        splice(from[0], nullptr, to[1], nullptr, 3, 0) != 3 || read(to[0], bytes, 4) != 3) {
      exit(3);
    }
    for (const int fd : {from[0], from[1], to[0], to[1]}) close(fd);
  }
}

// Moves bytes of its own, and then ends the other's wait.
void* move(void* feeds) {
  usleep(100000);
  move_own(100);
  if (write(*static_cast<int*>(feeds), "moved", 5) != 5) exit(3);
  return nullptr;
}

// A connection over the loopback interface.
bool connect_tcp(int (&ends)[2]) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  auto* const name = reinterpret_cast<sockaddr*>(&address);
  ends[1] = socket(AF_INET, SOCK_STREAM, 0);
  if (bind(listener, name, size) != 0 || listen(listener, 1) != 0 ||
      getsockname(listener, name, &size) != 0 || connect(ends[1], name, size) != 0) {
    return false;
  }
  ends[0] = accept(listener, nullptr, nullptr);
  return ends[0] >= 0;
}

// Stops the whole process while it waits, and continues it; then ends the wait.
void from_outside(int write_end) {
  const pid_t parent = getppid();
  usleep(100000);
  kill(parent, SIGSTOP);
  char path[64], state = '?';
  snprintf(path, sizeof(path), "/proc/%d/stat", static_cast<int>(parent));
  for (int i = 0; i < 100 && state != 'T'; ++i) {
    usleep(20000);
    FILE* const file = fopen(path, "r");
    if (file == nullptr || fscanf(file, "%*d %*s %c", &state) != 1) _exit(3);
    fclose(file);
  }
  kill(parent, SIGCONT);
  if (state == 'T' && write(write_end, "stopped", 7) != 7) _exit(3);
  if (state != 'T' && write(write_end, "not", 3) != 3) _exit(3);
  _exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view how = argv[1];
  int in[2], out[2];
  if (pipe(in) != 0 || pipe(out) != 0) return 2;
  pthread_t thread;
  if (argc > 2) pthread_create(&thread, nullptr, idle, nullptr);
  if (how == "broken" || how == "caught") {
    if (how == "caught") set_handler(SIGPIPE, 0);
    close(out[0]);
    if (write(in[1], "x", 1) != 1) return 2;
  } else if (how == "others") {
    pthread_create(&thread, nullptr, move, &in[1]);
  } else if (how.substr(0, 5) == "alone") {
    if (how == "alone=tcp" && !connect_tcp(in)) return 2;
    if (how == "alone=unix" && socketpair(AF_UNIX, SOCK_STREAM, 0, in) != 0) return 2;
    move_own(50);
    pthread_create(&thread, nullptr, move, &in[1]);
  } else if (how == "outlived") {
    // What waits is a child of a process that has ended.
    if (fork() != 0) usleep(100000), _exit(0);
    if (fork() == 0) {
      usleep(500000);
      _exit(write(in[1], "later", 5) == 5 ? 0 : 3);
    }
  } else if (how.substr(0, 5) == "stdin") {
    if (how == "stdin=handles") set_handler(SIGURG, 0), set_handler(SIGWINCH, 0);
    in[0] = STDIN_FILENO;
  } else if (how == "stop") {
    if (fork() == 0) from_outside(in[1]);
  } else {
    set_handler(SIGALRM, how == "restart" ? SA_RESTART : 0);
    if (how == "restart") feed = in[1];
    const itimerval often{{0, 100000}, {0, 100000}};
    setitimer(ITIMER_REAL, &often, nullptr);
  }
  const ssize_t n = splice(in[0], nullptr, out[1], nullptr, 100, 0);
  printf("%zd %d %d\n", n, n < 0 ? errno : 0, static_cast<int>(handled));
}
