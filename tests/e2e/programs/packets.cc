// packets closed|cleared|full|plain|child|pipes: a pipe of packets (O_DIRECT) whose writer has
// gone, or makes them no more, by the time of the first splice. Prints what reads get afterwards;
// with `pipes` what pipe2 itself does. Linked statically.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <initializer_list>
#include <string_view>

namespace {

void check(bool good) {
  if (good) return;
  perror("packets");
  exit(3);
}

void put(int end, std::initializer_list<size_t> sizes) {
  static const char bytes[5000] = "";
  for (const size_t size : sizes) check(write(end, bytes, size) == static_cast<ssize_t>(size));
}

// Part of a packet, into a plain pipe; then each read takes what it gets.
void take(int end, size_t spliced, size_t room) {
  int out[2];
  char bytes[5000];
  check(pipe(out) == 0 && fcntl(end, F_SETFL, O_NONBLOCK) == 0);
  printf("%zd:", splice(end, nullptr, out[1], nullptr, spliced, 0));
  for (ssize_t n; (n = read(end, bytes, room)) > 0;) printf(" %zd", n);
  printf("\n");
  fflush(stdout);
  for (const int fd : out) close(fd);
}

// Gives up what the caller does not need, and takes.
void in_child(const int (&ends)[2], size_t spliced, size_t room) {
  if (fork() == 0) {
    close(ends[1]);
    take(ends[0], spliced, room);
    exit(0);
  }
  int status;
  check(wait(&status) > 0 && status == 0);
}

void show_pipe(int result, const int (&ends)[2]) {
  printf("%d %d", result, result < 0 ? errno : 0);
  for (int i = 0; i < 2 && result == 0; ++i) {
    printf(" %d:%o:%d", ends[i], fcntl(ends[i], F_GETFL), fcntl(ends[i], F_GETFD));
    struct stat st;
    check(fstat(ends[i], &st) == 0);
    if (st.st_uid != geteuid()) printf(" of another");
  }
  // The next number that is free, so that nothing is left.
  printf(" %d\n", dup(0));
}

void make_pipes() {
  int ends[2] = {-1, -1};
  for (const int flags :
       {O_DIRECT, O_DIRECT | O_NONBLOCK, O_DIRECT | O_CLOEXEC, O_DIRECT | O_APPEND}) {
    show_pipe(pipe2(ends, flags), ends);
  }
  void* const fixed = mmap(nullptr, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  auto* const bad = static_cast<int*>(fixed);
  show_pipe(pipe2(bad, O_DIRECT), ends);
  const auto next = static_cast<rlim_t>(dup(0) + 1);
  for (const rlim_t more : {0, 1, 2}) {
    const rlimit limit{next + more, next + 2};
    check(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    show_pipe(pipe2(ends, O_DIRECT), ends);
    if (more < 2) close(static_cast<int>(next));
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const std::string_view how = argv[1];
  if (how == "pipes") return make_pipes(), 0;
  for (const size_t room : {1000, 10}) {
    int ends[2];
    check(pipe2(ends, O_DIRECT) == 0);
    if (how == "plain") check(fcntl(ends[1], F_SETFL, 0) == 0);
    put(ends[1], {100, 4096, 50, 20});
    if (how == "full") put(ends[1], {30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41});
    if (how == "cleared") check(fcntl(ends[1], F_SETFL, 0) == 0);
    if (how == "child") {
      in_child(ends, 40, room);
    } else {
      if (how == "closed") close(ends[1]);
      take(ends[0], 40, room);
    }
    for (const int fd : ends) close(fd);
  }
}
