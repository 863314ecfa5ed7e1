// What a program can do to the trace of its calls. traced ROLE; exits with 0 if all went well for
// the program. Calls that are to be in the trace are tees of 7 bytes.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace {

void check(bool good, const char* what) {
  if (good) return;
  fprintf(stderr, "%s (%s)\n", what, strerror(errno));
  _exit(1);
}

struct Pipe {
  int r;
  int w;
  Pipe() {
    int ends[2];
    check(pipe2(ends, O_NONBLOCK | O_CLOEXEC) == 0, "pipe");
    r = ends[0];
    w = ends[1];
  }
};

// Two pipes, and a tee between them that can be repeated.
struct Tees {
  Pipe from;
  Pipe to;
  Tees() { check(write(from.w, "1234567", 7) == 7, "write"); }

  bool tee_once() {
    char bytes[7];
    if (tee(from.r, to.w, 7, 0) != 7) return false;
    return read(to.r, bytes, 7) == 7;
  }
  void times(int n) {
    for (int i = 0; i < n; ++i) check(tee_once(), "tee");
  }
};

// All descriptors closed, and every number that the trace's file may have had is a file of ours.
void close_everything() {
  Tees before;
  before.times(2);
  const int marker = open("mine", O_RDWR | O_CREAT | O_TRUNC, 0600);
  check(marker == before.to.w + 1, "a low number is taken");
  for (int fd = 3; fd < 1100; ++fd) {
    if (fd != marker) close(fd);
  }
  for (int fd = 20; fd < 1024; ++fd) check(dup2(marker, fd) == fd, "dup2");
  Tees after;
  after.times(3);
  struct stat st;
  check(fstat(marker, &st) == 0 && st.st_size == 0, "somebody wrote into our file");
}

// The same by one call, and with nothing in its place.
void close_range_everything() {
  closefrom(3);
  Tees tees;
  tees.times(2);
  check(tees.from.r == 3 && tees.from.w == 4 && tees.to.r == 5, "numbers are shifted");
}

std::atomic<int> in_handler;
Tees* handlers_tees;

void on_alarm(int) {
  const int kept = errno;
  errno = 4242;
  if (handlers_tees->tee_once()) ++in_handler;
  check(errno == 4242, "errno");
  errno = kept;
}

// A handler that tees whatever the program is doing: allocating, or in a call that is traced.
void handler() {
  Tees tees;
  Tees handlers;
  handlers_tees = &handlers;
  struct sigaction action {};
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  sigaction(SIGALRM, &action, nullptr);
  const itimerval often{{0, 200}, {0, 200}};
  setitimer(ITIMER_REAL, &often, nullptr);
  int done = 0;
  for (const time_t end = time(nullptr) + 2; time(nullptr) < end; ++done) {
    std::vector<std::string> strings(50, std::string(100, 'x'));
    check(tees.tee_once(), "tee");
  }
  const itimerval never{};
  setitimer(ITIMER_REAL, &never, nullptr);
  check(in_handler > 100, "the handler hardly ran");
  printf("%d\n", done + in_handler.load());
}

void threads() {
  std::vector<std::thread> threads;
  for (int i = 0; i < 24; ++i) threads.emplace_back([] { Tees().times(50); });
  for (std::thread& thread : threads) thread.join();
}

void children() {
  for (int i = 0; i < 6; ++i) {
    if (fork() == 0) {
      Tees().times(100);
      _exit(0);
    }
  }
  for (int i = 0; i < 6; ++i) {
    int status = -1;
    check(wait(&status) > 0 && status == 0, "a child");
  }
  Tees().times(1);
}

// No file may grow: the trace must not be what kills the program.
void small_files() {
  Tees tees;
  const rlimit none{0, RLIM_INFINITY};
  const rlimit all{RLIM_INFINITY, RLIM_INFINITY};
  check(setrlimit(RLIMIT_FSIZE, &none) == 0, "setrlimit");
  tees.times(3);
  check(setrlimit(RLIMIT_FSIZE, &all) == 0, "setrlimit");
  tees.times(2);
}

// No new descriptors, and another root: the file that is open serves on.
void locked_up() {
  Tees tees;
  mkdir("empty", 0700);
  check(chroot("empty") == 0, "chroot");
  const rlimit none{0, 0};
  check(setrlimit(RLIMIT_NOFILE, &none) == 0, "setrlimit");
  tees.times(2);
}

// The file is gone for good: the calls work all the same.
void lost() {
  Tees tees;
  tees.times(1);
  mkdir("empty", 0700);
  check(chroot("empty") == 0, "chroot");
  for (int fd = 100; fd < 1100; ++fd) close(fd);
  tees.times(3);
}

int error_at_start;

void starts_without_error() { check(error_at_start == 0, "errno at the start"); }

struct Role {
  const char* name;
  void (*run)();
};
constexpr Role kRoles[] = {{"close_everything", close_everything},
                           {"close_range_everything", close_range_everything},
                           {"handler", handler},
                           {"threads", threads},
                           {"children", children},
                           {"small_files", small_files},
                           {"locked_up", locked_up},
                           {"lost", lost},
                           {"errno", starts_without_error}};

}  // namespace

int main(int argc, char** argv) {
  error_at_start = errno;
  for (const Role& role : kRoles) {
    if (argc == 2 && strcmp(argv[1], role.name) == 0) {
      role.run();
      return 0;
    }
  }
  return 2;
}
