// What the kernel takes in before it does anything: arrays of segments, offsets, counts; and
// signals that it sends itself, or lets in.
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <memory>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr size_t kSystemPage = 4096;

char* pages(size_t count) {
  void* const memory = mmap(nullptr, count * kSystemPage, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return static_cast<char*>(memory);
}

void fill(const Pipe& pipe, const void* bytes, size_t size) {
  const iovec iov{const_cast<void*>(bytes), size};
  CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), static_cast<ssize_t>(size));
}

volatile sig_atomic_t handled;

}  // namespace

HAZARD(what_is_read_goes_over_the_segments) {
  for (const bool spliced : {false, true}) {
    const Pipe pipe;
    char text[64] = {};
    char more[64] = {};
    char bytes[48];
    memset(bytes, 'z', sizeof(bytes));
    const iovec fake[2] = {{more + 16, 4}, {more + 32, 4}};
    memcpy(bytes, fake, sizeof(fake));
    fill(pipe, bytes, sizeof(bytes));
    iovec segments[3] = {{nullptr, sizeof(fake)}, {text, 8}, {more, 8}};
    segments[0].iov_base = &segments[1];
    CHECK_EQ(spliced ? vmsplice(pipe.r, segments, 3, 0) : readv(pipe.r, segments, 3), 48);
    CHECK_EQ(std::string(text), "zzzzzzzz");
    CHECK_EQ(std::string(more), "zzzzzzzz");
    CHECK_EQ(more[16], 0);
  }
}

HAZARD(what_is_read_goes_over_what_is_in_the_pipe) {
  const Pipe pipe;
  char* const memory = pages(3);
  char* const target = pages(1);
  for (size_t i = 0; i < 3; ++i)
    memset(memory + i * kSystemPage, static_cast<int>('A' + i), kSystemPage);
  fill(pipe, memory, 3 * kSystemPage);
  char rest[10];
  const iovec segments[] = {{target, kSystemPage},
                            {memory, kSystemPage},
                            {rest, sizeof(rest)},
                            {reinterpret_cast<void*>(kSystemPage), kSystemPage}};
  CHECK_EQ(readv(pipe.r, segments, 4), 2 * static_cast<ssize_t>(kSystemPage));
  CHECK_EQ(target[0], 'A');
  CHECK_EQ(memory[0], 'B');
}

// Whenever it happens to go: the answer is one of two, and nothing crashes.
HAZARD(segments_that_another_thread_takes_away) {
  const Pipe pipe(O_NONBLOCK);
  static std::atomic<iovec*> at;
  static std::atomic<bool> over;
  at = reinterpret_cast<iovec*>(pages(1));
  pthread_t other;
  CHECK_EQ(pthread_create(
               &other, nullptr,
               [](void*) -> void* {
                 while (!over) {
                   mprotect(at, kSystemPage, PROT_NONE);
                   mprotect(at, kSystemPage, PROT_READ | PROT_WRITE);
                   sched_yield();
                 }
                 return nullptr;
               },
               nullptr),
           0);
  char bytes[200];
  char got[200];
  const iovec from[2] = {{bytes, 100}, {bytes + 100, 100}};
  const iovec into[2] = {{got, 100}, {got + 100, 100}};
  const auto write_in = [&](const iovec(&segments)[2]) {
    // (A write of the program's own would meet the same fate as anybody's.)
    return pread(file_of(std::string(reinterpret_cast<const char*>(segments), sizeof(segments))),
                 at, sizeof(segments), 0) == static_cast<ssize_t>(sizeof(segments));
  };
  for (const double end = seconds() + 0.5 * times(); seconds() < end;) {
    if (write_in(from)) {
      const ssize_t n = vmsplice(pipe.w, at, 2, SPLICE_F_NONBLOCK);
      CHECK(n == 100 || n == 200 || (n < 0 && (errno == EFAULT || errno == EAGAIN)));
    }
    if (write_in(into)) {
      const ssize_t n = readv(pipe.r, at, 2);
      CHECK(n == 100 || n == 200 || (n < 0 && (errno == EFAULT || errno == EAGAIN)));
    }
  }
  over = true;
  CHECK_EQ(pthread_join(other, nullptr), 0);
}

HAZARD(poll_looks_at_32_bits_of_its_count) {
  if (sizeof(nfds_t) < 8) skip("the count has 32 bits here");
  const Pipe pipe;
  fill(pipe, "ten bytes.", 10);
  pollfd one{pipe.r, POLLIN, 0};
  // (The compiler must not know.)
  volatile uint64_t count = (uint64_t{1} << 40) | 1;
  CHECK_EQ(poll(&one, static_cast<nfds_t>(count), 0), 1);
  CHECK_EQ(one.revents, POLLIN);
}

HAZARD(a_mask_lets_no_signal_in_where_something_is_ready) {
  signal(SIGUSR1, [](int) { handled = handled + 1; });
  sigset_t one;
  sigset_t none;
  sigemptyset(&none);
  sigemptyset(&one);
  sigaddset(&one, SIGUSR1);
  CHECK_EQ(sigprocmask(SIG_BLOCK, &one, nullptr), 0);
  const Pipe pipe;
  fill(pipe, "ten bytes.", 10);
  raise(SIGUSR1);
  const timespec now{0, 0};
  for (const timespec* timeout : {static_cast<const timespec*>(nullptr), &now}) {
    pollfd in{pipe.r, POLLIN, 0};
    CHECK_EQ(ppoll(&in, 1, timeout, &none), 1);
    fd_set set;
    FD_ZERO(&set);
    FD_SET(pipe.r, &set);
    CHECK_EQ(pselect(pipe.r + 1, &set, nullptr, nullptr, timeout, &none), 1);
    CHECK_EQ(handled, 0);
  }
  CHECK_EQ(take(pipe.r, 10), "ten bytes.");
  pollfd in{pipe.r, POLLIN, 0};
  CHECK_FAILS(ppoll(&in, 1, &now, &none), EINTR);
  CHECK_EQ(handled, 1);
}

HAZARD(a_broken_pipe_says_who_sent_its_signal) {
  struct sigaction action {};
  action.sa_flags = SA_SIGINFO;
  action.sa_sigaction = [](int number, siginfo_t* info, void*) {
    if (number == SIGPIPE && info->si_code == SI_USER && info->si_pid == getpid() &&
        info->si_uid == getuid()) {
      handled = handled + 1;
    }
  };
  CHECK_EQ(sigaction(SIGPIPE, &action, nullptr), 0);
  Pipe broken;
  const Pipe full;
  fill(full, "bytes", 5);
  close(broken.r);
  char byte = 'x';
  const iovec iov{&byte, 1};
  CHECK_FAILS(vmsplice(broken.w, &iov, 1, 0), EPIPE);
  CHECK_EQ(handled, 1);
  CHECK_FAILS(splice(full.r, nullptr, broken.w, nullptr, 5, 0), EPIPE);
  CHECK_EQ(handled, 2);
  int ends[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends), 0);
  close(ends[0]);
  CHECK_FAILS(splice(full.r, nullptr, ends[1], nullptr, 5, 0), EPIPE);
  CHECK_EQ(handled, 3);
}

// Two signals at once: the handler that runs first leaves by a jump, over the frame of the other,
// so that this one is lost. Those that come later are not.
HAZARD(signals_after_a_jump_over_another_handler) {
  static sigjmp_buf back;
  static volatile sig_atomic_t jumps;
  static std::atomic<int>* seen;
  seen = reinterpret_cast<std::atomic<int>*>(
      mmap(nullptr, kSystemPage, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
  signal(SIGUSR1, [](int) { ++seen[0]; });
  signal(SIGUSR2, [](int) {
    ++seen[1];
    if (jumps != 0) siglongjmp(back, 1);
  });
  const pid_t us = getpid();
  const auto wait_for = [](std::atomic<int>& count, int before) {
    for (int i = 0; i < 1000 && count == before; ++i) usleep(1000);
    return count != before;
  };
  const pid_t sender = start([&] {
    bool well = true;
    for (int i = 0; i < 60 && well; ++i) {
      const int before = seen[1];
      kill(us, SIGSTOP);
      kill(us, SIGUSR1);
      kill(us, SIGUSR2);
      kill(us, SIGCONT);
      wait_for(seen[1], before);
      usleep(500);
      for (int k = 0; k < 5 && well; ++k) {
        const int count = seen[0];
        kill(us, SIGUSR1);
        well = wait_for(seen[0], count);
      }
    }
    seen[2] = well ? 1 : 2;
  });
  const Pipe pipe;
  CHECK(fcntl(pipe.w, F_SETPIPE_SZ, 1 << 20) > 0);
  char* const bytes = pages(256);
  char* const got = pages(256);
  sigsetjmp(back, 1);
  jumps = 1;
  while (seen[2] == 0) {
    const iovec from{bytes, 1 << 20};
    const iovec into{got, 1 << 20};
    vmsplice(pipe.w, &from, 1, SPLICE_F_NONBLOCK);
    vmsplice(pipe.r, &into, 1, SPLICE_F_NONBLOCK);
  }
  jumps = 0;
  CHECK_EQ(seen[2].load(), 1);
  finish(sender);
}

// The copies need pages in a row, and the engine has only single ones left: 140 pipes with a page
// for each, of which every other one is emptied.
HAZARD(many_segments_where_free_pages_are_scattered) {
  const Pipe sink(O_NONBLOCK);
  const auto begin = [&](const Pipe& pipe) {  // a ring, if anybody makes such
    put(pipe.w, "x");
    CHECK_EQ(splice(pipe.r, nullptr, sink.w, nullptr, 1, 0), 1);
    CHECK_EQ(take(sink.r, 1), "x");
  };
  for (int left = 232; left < 242; ++left) {
    std::vector<std::unique_ptr<Pipe>> pipes;
    for (int i = 0; i < 140; ++i) begin(*pipes.emplace_back(std::make_unique<Pipe>(O_NONBLOCK)));
    const std::string page(kSystemPage, 'p');
    for (int n = 0; n < left; ++n) put(pipes[static_cast<size_t>(n) % pipes.size()]->w, page);
    const Pipe pipe(O_NONBLOCK);
    begin(pipe);
    const std::string bytes = pattern(1024);
    put(pipe.w, bytes);
    char memory[kSystemPage];
    for (size_t i = 0; i < pipes.size(); i += 2) {
      while (read(pipes[i]->r, memory, sizeof(memory)) > 0) {
      }
    }
    const Pipe last(O_NONBLOCK);
    begin(last);
    const iovec all{pages(16), 16 * kSystemPage};
    CHECK_EQ(vmsplice(last.w, &all, 1, SPLICE_F_NONBLOCK), 65536);
    std::string got(1024, ' ');
    std::vector<iovec> segments;
    for (char& byte : got) segments.push_back({&byte, 1});
    CHECK_EQ(readv(pipe.r, segments.data(), 1024), 1024);
    CHECK(got == bytes);
    put(pipe.w, "first");
    CHECK_EQ(writev(pipe.w, segments.data(), 1024), 1024);
    put(pipe.w, "last");
    CHECK_EQ(take(pipe.r, 1033), "first" + bytes + "last");
    munmap(all.iov_base, all.iov_len);
  }
}
