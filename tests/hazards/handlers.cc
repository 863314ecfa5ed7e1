// Signal handlers that use pipes: another one, while threads move bytes between both; together with
// a child that they fork; on a small stack.
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <atomic>
#include <iterator>
#include <string>

#include "under_fire.h"

using namespace hazard;

// A handler writes to one ring while another thread moves it to the one that was interrupted.
HAZARD(handler_uses_another_ring) {
  static const Ring* a;
  static const Ring* b;
  static std::atomic<bool> over;
  const Ring ring_a;
  const Ring ring_b;
  a = &ring_a;
  b = &ring_b;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        const int kept = errno;
        if (write(b->w, "x", 1) == 1) ++runs;
        errno = kept;
      },
      SA_RESTART);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, &before);
  pthread_t mover;
  CHECK_EQ(pthread_create(
               &mover, nullptr,
               [](void*) -> void* {
                 while (!over) splice(b->r, nullptr, a->w, nullptr, 65536, SPLICE_F_NONBLOCK);
                 return nullptr;
               },
               nullptr),
           0);
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  long xs = 0;
  long ys = 0;
  const auto drain = [&](int fd) {
    char text[4096];
    for (ssize_t n; (n = read(fd, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) ++(text[i] == 'x' ? xs : ys);
    }
  };
  long sent = 0;
  under_fire(100, [&] {
    char y[100];
    memset(y, 'y', sizeof(y));
    const iovec iov{y, sizeof(y)};
    if (vmsplice(a->w, &iov, 1, SPLICE_F_NONBLOCK) == 100) sent += 100;
    drain(a->r);
  });
  over = true;
  CHECK_EQ(pthread_join(mover, nullptr), 0);
  drain(a->r);
  drain(b->r);
  CHECK_EQ(ys, sent);
  CHECK_EQ(xs, runs.load());
  CHECK(xs > 20);
}

// A handler that forks: the child has the pipe, too.
HAZARD(handler_forks) {
  static const Ring* ring;
  static volatile sig_atomic_t left;
  const Ring pipe;
  const Ring other;
  ring = &pipe;
  left = 20;
  handle(
      SIGALRM,
      [](int, siginfo_t*, void*) {
        const int kept = errno;
        if (left > 0) {
          left = left - 1;
          const pid_t child = fork();
          if (child == 0) _exit(write(ring->w, "c", 1) == 1 ? 0 : 1);
          int status = -1;
          if (waitpid(child, &status, 0) != child || status != 0) _exit(3);
          ++runs;
        }
        errno = kept;
      },
      SA_RESTART);
  every(5000);
  long found = 0;
  const auto drain = [&] {
    char text[64];
    for (ssize_t n; (n = read(pipe.r, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) found += text[i] == 'c' ? 1 : 0;
    }
  };
  while (left > 0) {
    char y[100] = "y";
    const iovec iov{y, sizeof(y)};
    vmsplice(pipe.w, &iov, 1, SPLICE_F_NONBLOCK);
    splice(pipe.r, nullptr, other.w, nullptr, 1, SPLICE_F_NONBLOCK);
    char text[64];
    for (ssize_t n; (n = read(other.r, text, sizeof(text))) > 0;) {
      for (ssize_t i = 0; i < n; ++i) found += text[i] == 'c' ? 1 : 0;
    }
    drain();
  }
  every(0);
  drain();
  CHECK_EQ(found, runs.load());
}

// As large as the kernel's frame and what a handler gets beside it by SIGSTKSZ, where frames are
// large.
HAZARD(calls_fit_a_small_stack) {
  constexpr size_t kBeside = 4500;
  constexpr char kUntouched = 0x5a;
  static char memory[128 << 10];
  static const Ring* a;
  static const Ring* b;
  static int file;
  static int sockets[2];
  static char buffer[40][200];
  const Ring ring_a;
  const Ring ring_b;
  a = &ring_a;
  b = &ring_b;
  file = file_of(pattern(100000));
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
  memset(memory, kUntouched, sizeof(memory));
  const size_t size = static_cast<size_t>(sysconf(_SC_MINSIGSTKSZ)) + kBeside;
  char* const base = memory + sizeof(memory) - size;
  const stack_t given{.ss_sp = base, .ss_flags = 0, .ss_size = size};
  CHECK_EQ(sigaltstack(&given, nullptr), 0);
  static void (*const kUses[])() = {
      [] {
        static iovec iov[40];
        for (int i = 0; i < 40; ++i) iov[i] = {buffer[i], sizeof(buffer[i])};
        vmsplice(a->w, iov, 40, SPLICE_F_NONBLOCK);
        vmsplice(a->r, iov, 5, SPLICE_F_NONBLOCK);
      },
      [] { splice(a->r, nullptr, b->w, nullptr, 1000, SPLICE_F_NONBLOCK); },
      [] { tee(b->r, a->w, 1000, SPLICE_F_NONBLOCK); },
      [] { splice(a->r, nullptr, sockets[0], nullptr, 1000, SPLICE_F_NONBLOCK); },
      [] { splice(sockets[1], nullptr, a->w, nullptr, 500, SPLICE_F_NONBLOCK); },
      [] {
        static off_t at = 10;
        splice(file, &at, a->w, nullptr, 65536, SPLICE_F_NONBLOCK);
        sendfile(sockets[0], file, &at, 1000);
        sendfile(b->w, file, &at, 1000);
      },
      [] { write(a->w, buffer, 600); },
      [] { read(a->r, buffer, 600); },
      [] {
        static pollfd p[2];
        p[0] = {a->r, POLLIN, 0};
        p[1] = {b->w, POLLOUT, 0};
        poll(p, 2, 0);
        p[0].events = 0;
        poll(p, 1, 1);
      },
      [] {
        write(a->w, buffer, 600);
        tee(a->r, b->w, 100, SPLICE_F_NONBLOCK);
        splice(a->r, nullptr, sockets[0], nullptr, 50, SPLICE_F_NONBLOCK);
        read(a->r, buffer, 10);
      },
      [] {
        close(a->w);
        close(a->r);
        close(b->r);
      },
  };
  static void (*use)();
  handle(
      SIGUSR1, [](int, siginfo_t*, void*) { use(); }, SA_ONSTACK);
  // What the loader binds at the first use of a function takes a stack of its own.
  for (void (*const one)() : kUses) one();
  static const Ring fresh_a;
  static const Ring fresh_b;
  a = &fresh_a;
  b = &fresh_b;
  for (size_t i = 0; i < std::size(kUses); ++i) {
    use = kUses[i];
    CHECK_EQ(raise(SIGUSR1), 0);
    const char* lowest = memory;
    while (*lowest == kUntouched) ++lowest;
    const auto over = base - lowest;
    if (over > 0) {
      fail(__FILE__, __LINE__, "use " + std::to_string(i) + " is over by " + std::to_string(over));
    }
  }
}
