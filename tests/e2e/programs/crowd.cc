// crowd HOW: calls of many threads. Linked statically.
//
//   waits THREADS CALLS  so many threads wait while one makes so many calls: prints its
//   milliseconds own                  a thread with descriptors of its own moves bytes between
//   those stops                the process stops itself while a thread waits, and goes on when
//   continued execs                one of several threads that wait becomes another program cancels
//   a thread that waits is cancelled moves                stdin to stdout, while other threads move
//   bytes of their own and end at any
//                        moment
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <vector>

namespace {

struct Pipe {
  Pipe() {
    if (pipe(ends) != 0) perror("pipe"), exit(3);
  }
  int ends[2];
};

[[noreturn]] void fail(const char* what) {
  perror(what);
  exit(1);
}

ssize_t move(int from, int to, size_t length) {
  return splice(from, nullptr, to, nullptr, length, 0);
}

// Waits until something comes through the pipe, and ends with the number of bytes.
void* wait_on(void* from) {
  const Pipe to;
  return reinterpret_cast<void*>(move(static_cast<Pipe*>(from)->ends[0], to.ends[1], 100));
}

pthread_t start(void* (*body)(void*), void* argument) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 65536);
  pthread_t thread;
  if (pthread_create(&thread, &attributes, body, argument) != 0) fail("thread");
  return thread;
}

void give(const Pipe& pipe) {
  if (write(pipe.ends[1], "x", 1) != 1) fail("write");
}

int64_t now_in_ms() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1000 + time.tv_nsec / 1000000;
}

void wait_in_a_crowd(size_t threads, int calls) {
  std::vector<Pipe> pipes(threads);
  std::vector<pthread_t> waiting;
  for (Pipe& pipe : pipes) waiting.push_back(start(wait_on, &pipe));
  usleep(300000);
  const Pipe from, to;
  const int64_t begin = now_in_ms();
  for (int i = 0; i < calls; ++i) {
    char byte;
    give(from);
    if (move(from.ends[0], to.ends[1], 1) != 1 || read(to.ends[0], &byte, 1) != 1) fail("splice");
  }
  printf("%lld\n", static_cast<long long>(now_in_ms() - begin));
  for (const Pipe& pipe : pipes) give(pipe);
  for (const pthread_t thread : waiting) {
    void* n;
    pthread_join(thread, &n);
    if (n != reinterpret_cast<void*>(1)) fail("waited");
  }
}

// The process has other pipes at the same numbers.
void* with_own_descriptors(void*) {
  if (unshare(CLONE_FILES) != 0) fail("unshare");
  for (int fd = 3; fd < 10; ++fd) close(fd);
  const Pipe from, to;
  char bytes[10] = "";
  if (write(from.ends[1], "own", 3) != 3) fail("write");
  const ssize_t n = move(from.ends[0], to.ends[1], 100);
  if (n < 0) fail("splice");
  if (read(to.ends[0], bytes, sizeof(bytes)) != n) fail("read");
  printf("%zd %s\n", n, bytes);
  return nullptr;
}

void move_in_own_descriptors() {
  const Pipe from, to;
  if (write(from.ends[1], "the process's", 13) != 13) fail("write");
  pthread_join(start(with_own_descriptors, nullptr), nullptr);
}

void stop_while_waiting() {
  Pipe pipe;
  const pthread_t thread = start(wait_on, &pipe);
  usleep(100000);
  raise(SIGSTOP);
  give(pipe);
  void* n;
  pthread_join(thread, &n);
  printf("%ld\n", reinterpret_cast<long>(n));
}

void* become_another(void*) {
  usleep(100000);
  execl("/proc/self/exe", "crowd", "own", nullptr);
  fail("exec");
}

void exec_while_waiting() {
  Pipe pipes[4];
  for (Pipe& pipe : pipes) start(wait_on, &pipe);
  start(become_another, nullptr);
  wait_on(&pipes[0]);
}

void cancel_while_waiting() {
  Pipe pipe;
  const pthread_t thread = start(wait_on, &pipe);
  usleep(100000);
  pthread_cancel(thread);
  void* result;
  pthread_join(thread, &result);
  give(pipe);
  char byte;
  printf("%d %zd\n", result == PTHREAD_CANCELED, read(pipe.ends[0], &byte, 1));
}

struct Pair {
  Pipe from, to;
};

void* be_restless(void* pair) {
  const auto& [from, to] = *static_cast<Pair*>(pair);
  char bytes[5000] = "";
  for (;;) {
    if (write(from.ends[1], bytes, sizeof(bytes)) < 0) fail("write");
    if (move(from.ends[0], to.ends[1], sizeof(bytes)) < 0) fail("splice");
    if (read(to.ends[0], bytes, sizeof(bytes)) < 0) fail("read");
  }
}

void* start_and_cancel(void*) {
  for (unsigned seed = 1;;) {
    Pair pair;
    const pthread_t thread = start(be_restless, &pair);
    usleep(static_cast<useconds_t>(rand_r(&seed) % 3000));
    pthread_cancel(thread);
    pthread_join(thread, nullptr);
    for (const Pipe& pipe : {pair.from, pair.to}) {
      for (const int fd : pipe.ends) close(fd);
    }
  }
}

void move_among_others() {
  Pair pair;
  start(be_restless, &pair);
  start(start_and_cancel, nullptr);
  for (ssize_t n = 1; n != 0;) {
    n = move(STDIN_FILENO, STDOUT_FILENO, 65536);
    if (n < 0) fail("splice");
  }
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return 2;
  const auto is = [&](const char* how) { return strcmp(argv[1], how) == 0; };
  if (is("waits") && argc == 4) {
    wait_in_a_crowd(static_cast<size_t>(atoi(argv[2])), atoi(argv[3]));
  } else if (is("own")) {
    move_in_own_descriptors();
  } else if (is("stops")) {
    stop_while_waiting();
  } else if (is("execs")) {
    exec_while_waiting();
  } else if (is("cancels")) {
    cancel_while_waiting();
  } else if (is("moves")) {
    move_among_others();
  } else {
    return 2;
  }
}
