// What docs/limitations.md says of memory in a pipe, shown: one line for each difference, of what
// leaves the pipe. a: what the memory held at the call; b: what it holds then; 0: zeros.
#include <fcntl.h>
#include <malloc.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "own_call.h"

namespace {

constexpr size_t kPage = 4096;
alignas(kPage) char data[2 * kPage];

struct Initial {
  char bytes[kPage] = {};
  constexpr Initial() {
    for (char& byte : bytes) byte = 'a';
  }
};
alignas(kPage) constinit Initial initial;

void must(bool good, const char* what) {
  if (good) return;
  perror(what);
  exit(1);
}

// A pipe with a ring, where there are rings.
struct Pipe {
  Pipe() {
    must(pipe(end) == 0, "pipe");
    int other[2];
    must(pipe(other) == 0, "pipe");
    must(write(other[1], "x", 1) == 1 && splice(other[0], nullptr, end[1], nullptr, 1, 0) == 1,
         "splice");
    char byte;
    must(read(end[0], &byte, 1) == 1, "read");
    close(other[0]);
    close(other[1]);
  }
  ~Pipe() {
    close(end[0]);
    close(end[1]);
  }
  int end[2];
};

void send(const Pipe& pipe, char* memory) {
  const iovec iov{memory, kPage};
  must(vmsplice(pipe.end[1], &iov, 1, 0) == static_cast<ssize_t>(kPage), "vmsplice");
}

void say(const char* name, const char* bytes) {
  const char first = bytes[0] == 0 ? '0' : bytes[0];
  for (size_t i = 1; i < kPage; ++i) must(bytes[i] == bytes[0], "the bytes of a page differ");
  printf("%s %c\n", name, first);
}

void say_what_leaves(const char* name, int from) {
  char bytes[kPage];
  for (size_t done = 0; done < kPage;) {
    const ssize_t n = read(from, bytes + done, kPage - done);
    must(n > 0, "read");
    done += static_cast<size_t>(n);
  }
  say(name, bytes);
}

char* map(int flags = MAP_PRIVATE, void* at = nullptr, int fd = -1) {
  void* const got =
      mmap(at, kPage, PROT_READ | PROT_WRITE, flags | (fd < 0 ? MAP_ANONYMOUS : 0), fd, 0);
  must(got != MAP_FAILED, "mmap");
  return static_cast<char*>(got);
}

int file_of(char letter) {
  const int fd = memfd_create("file", MFD_CLOEXEC);
  char bytes[kPage];
  memset(bytes, letter, kPage);
  must(fd >= 0 && pwrite(fd, bytes, kPage, 0) == static_cast<ssize_t>(kPage), "memfd_create");
  return fd;
}

// Memory that is a at the call and b when it leaves, with something between.
template <typename Meanwhile>
void changed(const char* name, char* memory, Meanwhile meanwhile) {
  const Pipe pipe;
  memset(memory, 'a', kPage);
  send(pipe, memory);
  meanwhile(pipe);
  memset(memory, 'b', kPage);
  say_what_leaves(name, pipe.end[0]);
}

void nothing(const Pipe&) {}

void another_thread() {
  std::atomic<char*> memory{nullptr};
  std::atomic<bool> over{false};
  std::thread thread([&] {
    char own[2 * kPage];
    memory = own;
    while (!over) usleep(100);
  });
  while (memory == nullptr) usleep(100);
  changed("another thread's stack", memory, nothing);
  over = true;
  thread.join();
}

void no_ring() {
  const Pipe pipe;
  const int set = epoll_create1(EPOLL_CLOEXEC);
  epoll_event event{};
  must(epoll_ctl(set, EPOLL_CTL_ADD, pipe.end[0], &event) == 0, "epoll_ctl");
  memset(data, 'a', kPage);
  send(pipe, data);
  memset(data, 'b', kPage);
  say_what_leaves("a pipe in an epoll set", pipe.end[0]);
  close(set);
}

void wait_for_room(const Pipe& pipe) {
  pollfd end{pipe.end[0], POLLHUP, 0};
  poll(&end, 1, 10);
}

void fork_one(const Pipe&) {
  const pid_t child = fork();
  if (child == 0) _exit(0);
  waitpid(child, nullptr, 0);
}

void shared_since_a_fork() {
  memset(data, 'a', kPage);
  const pid_t child = fork();
  if (child == 0) {
    pause();
    _exit(0);
  }
  {
    const Pipe pipe;
    send(pipe, data);
    memset(data, 'b', kPage);
    say_what_leaves("memory shared since a fork", pipe.end[0]);
  }
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
}

void never_written() {
  const Pipe pipe;
  send(pipe, initial.bytes);
  memset(initial.bytes, 'b', kPage);
  say_what_leaves("data never written before", pipe.end[0]);
}

void a_heap_that_shrinks() {
  const Pipe pipe;
  mallopt(M_MMAP_THRESHOLD, 64 << 20);
  mallopt(M_TRIM_THRESHOLD, 64 << 10);
  constexpr size_t kSize = 1 << 20;
  char* memory = static_cast<char*>(malloc(kSize));
  const auto page = (reinterpret_cast<uintptr_t>(memory) + kSize / 2) & ~(kPage - 1);
  memset(memory, 'a', kSize);
  send(pipe, reinterpret_cast<char*>(page));
  free(memory);
  memory = static_cast<char*>(malloc(kSize));
  const auto again = reinterpret_cast<uintptr_t>(memory);
  must(again < page && page + kPage < again + kSize, "malloc gave other memory");
  memset(memory, 'b', kSize);
  say_what_leaves("a heap that shrinks in free", pipe.end[0]);
}

void mapped_over_unseen() {
  char* const memory = map();
  changed("memory mapped over unseen", memory, [=](const Pipe&) {
    own_call(SYS_mmap, reinterpret_cast<long>(memory), kPage, PROT_READ | PROT_WRITE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
  });
}

void unmapped_unseen() {
  const Pipe pipe;
  memset(data, 'a', kPage);
  send(pipe, data);
  must(own_call(SYS_munmap, reinterpret_cast<long>(data), kPage) == 0, "munmap");
  say_what_leaves("data unmapped unseen", pipe.end[0]);
}

void sent_to_a_socket() {
  const Pipe pipe;
  int s[2];
  must(socketpair(AF_UNIX, SOCK_STREAM, 0, s) == 0, "socketpair");
  memset(data, 'a', kPage);
  send(pipe, data);
  must(splice(pipe.end[0], nullptr, s[0], nullptr, kPage, 0) == static_cast<ssize_t>(kPage),
       "splice");
  memset(data, 'b', kPage);
  say_what_leaves("sent to a socket", s[1]);
  close(s[0]);
  close(s[1]);
}

void a_file() {
  const Pipe pipe;
  const int fd = file_of('a');
  off_t at = 0;
  must(splice(fd, &at, pipe.end[1], nullptr, kPage, 0) == static_cast<ssize_t>(kPage), "splice");
  char bytes[kPage];
  memset(bytes, 'b', kPage);
  must(pwrite(fd, bytes, kPage, 0) == static_cast<ssize_t>(kPage), "pwrite");
  say_what_leaves("a file that changes", pipe.end[0]);
  close(fd);
}

}  // namespace

int main() {
  changed("data", data, nothing);
  changed("a mapping of a file", map(MAP_SHARED, nullptr, file_of('a')), nothing);
  changed("a block that malloc mapped",
          static_cast<char*>(aligned_alloc(kPage, size_t{1} << 22)) + kPage, nothing);
  another_thread();
  no_ring();
  changed("a wait", data, wait_for_room);
  char* const shared = map(MAP_SHARED);
  changed("shared memory, and a fork", shared, fork_one);
  changed("shared memory, and MADV_DONTNEED", shared,
          [=](const Pipe&) { madvise(shared, kPage, MADV_DONTNEED); });
  char* const own = map();
  changed("MADV_FREE", own, [=](const Pipe&) { madvise(own, kPage, MADV_FREE); });
  changed("shared memory, unmapped elsewhere", shared, [=](const Pipe&) {
    void* const other = mremap(shared, 0, kPage, MREMAP_MAYMOVE);
    must(other != MAP_FAILED && munmap(shared, kPage) == 0, "mremap");
    must(mremap(other, kPage, kPage, MREMAP_MAYMOVE | MREMAP_FIXED, shared) == shared, "mremap");
  });
  never_written();
  shared_since_a_fork();
  a_heap_that_shrinks();
  mapped_over_unseen();
  sent_to_a_socket();
  a_file();
  unmapped_unseen();
  return 0;
}
