// Memory that is changed, or goes away, while it is in a pipe by vmsplice: what leaves the pipe is
// what the memory held last.
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <thread>
#include <vector>

#include "hazard.h"

using namespace hazard;

namespace {

constexpr size_t kPageSize = 4096;
constexpr size_t kLength = 3 * kPageSize;

alignas(kPageSize) char static_memory[kLength];

void vmsplice_all(int fd, const void* at, size_t length, unsigned flags = 0) {
  const iovec iov{const_cast<void*>(at), length};
  CHECK_EQ(vmsplice(fd, &iov, 1, flags), static_cast<ssize_t>(length));
}

std::string by_read(int r, size_t length) { return take(r, length); }

std::string by_vmsplice(int r, size_t length) {
  std::string to(length, '\0');
  for (size_t done = 0; done < length;) {
    const iovec iov{to.data() + done, length - done};
    const ssize_t n = vmsplice(r, &iov, 1, 0);
    CHECK(n > 0);
    done += static_cast<size_t>(n);
  }
  return to;
}

void splice_all(int r, int to, size_t length) {
  while (length > 0) {
    const ssize_t n = splice(r, nullptr, to, nullptr, length, 0);
    CHECK(n > 0);
    length -= static_cast<size_t>(n);
  }
}

std::string to_file(int r, size_t length) {
  const int file = file_of("");
  splice_all(r, file, length);
  CHECK_EQ(lseek(file, 0, SEEK_SET), 0);
  std::string bytes = take(file, length);
  close(file);
  return bytes;
}

std::string to_socket(int r, size_t length, int in, int out) {
  std::string bytes;
  while (bytes.size() < length) {
    const size_t n = std::min<size_t>(length - bytes.size(), kPageSize);
    splice_all(r, in, n);
    bytes += take(out, n);
  }
  close(in);
  close(out);
  return bytes;
}

std::string to_unix_socket(int r, size_t length) {
  int s[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, s), 0);
  return to_socket(r, length, s[0], s[1]);
}

std::string to_messages(int r, size_t length) {
  int s[2];
  CHECK_EQ(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, s), 0);
  return to_socket(r, length, s[0], s[1]);
}

std::string to_tcp(int r, size_t length) {
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof where;
  CHECK_EQ(bind(listener, reinterpret_cast<sockaddr*>(&where), size), 0);
  CHECK_EQ(listen(listener, 1), 0);
  CHECK_EQ(getsockname(listener, reinterpret_cast<sockaddr*>(&where), &size), 0);
  const int in = socket(AF_INET, SOCK_STREAM, 0);
  CHECK_EQ(connect(in, reinterpret_cast<sockaddr*>(&where), size), 0);
  const int out = accept(listener, nullptr, nullptr);
  close(listener);
  return to_socket(r, length, in, out);
}

std::string by_pipe(int r, size_t length) {
  const Pipe other;
  splice_all(r, other.w, length);
  return take(other.r, length);
}

// A pipe whose bytes are in the kernel.
std::string to_watched_pipe(int r, size_t length) {
  const Pipe other;
  CHECK_EQ(ready(other.r, 1, 1), 0);
  splice_all(r, other.w, length);
  return take(other.r, length);
}

std::string by_two_tees(int r, size_t length) {
  const Pipe a;
  const Pipe b;
  CHECK_EQ(tee(r, a.w, length, 0), static_cast<ssize_t>(length));
  CHECK_EQ(tee(a.r, b.w, length, 0), static_cast<ssize_t>(length));
  const std::string bytes = take(r, length);
  CHECK(take(a.r, length) == bytes);
  CHECK(to_file(b.r, length) == bytes);
  return bytes;
}

std::string after_settling(int r, size_t length) {
  const Pipe empty;
  CHECK_EQ(ready(r, 4, 1), 0);  // waits: the bytes go to the kernel
  return take(r, length);
}

using Way = std::string (*)(int, size_t);
constexpr Way kWays[] = {by_read, by_vmsplice, to_file,         to_unix_socket, to_messages,
                         to_tcp,  by_pipe,     to_watched_pipe, by_two_tees,    after_settling};

char* map(size_t length, int flags = MAP_PRIVATE, void* at = nullptr) {
  void* got = mmap(at, length, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
  CHECK(got != MAP_FAILED);
  return static_cast<char*>(got);
}

// Each way, of memory at an odd place that holds other bytes when it leaves than when it came.
// `go` may take it away then.
template <typename Go>
void each_way(char* (*get)(), Go go, bool changes = true) {
  for (const Way way : kWays) {
    const Pipe pipe;
    char* const memory = get();
    const size_t skip = 100;
    const size_t length = kLength - 300;
    std::string bytes = pattern(kLength, 1);
    memcpy(memory, bytes.data(), kLength);
    vmsplice_all(pipe.w, memory + skip, length);
    if (changes) {
      bytes = pattern(kLength, 2);
      memcpy(memory, bytes.data(), kLength);
    }
    go(memory);
    CHECK(way(pipe.r, length) == bytes.substr(skip, length));
    close(pipe.r);
    close(pipe.w);
  }
}

void nothing(char*) {}
void unmap(char* memory) { CHECK_EQ(munmap(memory, kLength), 0); }
void map_over(char* memory) { memset(map(kLength, MAP_PRIVATE | MAP_FIXED, memory), '!', kLength); }

char* mapped() { return map(kLength); }

void handle_faults() {
  struct sigaction action {};
  action.sa_handler = [](int) { _exit(99); };
  CHECK_EQ(sigaction(SIGSEGV, &action, nullptr), 0);
}

}  // namespace

HAZARD(static_memory_changes) {
  each_way([] { return static_memory; }, nothing);
}

HAZARD(the_stack_changes) {
  char memory[kLength + kPageSize];
  static char* there;
  there = memory + 123;
  each_way([] { return there; }, nothing);
}

HAZARD(the_heap_changes) {
  static char* there;
  there = static_cast<char*>(malloc(kLength));
  each_way([] { return there; }, nothing);
}

HAZARD(mapped_memory_changes) {
  each_way(mapped, nothing);
  each_way([] { return map(kLength, MAP_SHARED); }, nothing);
}

HAZARD(memory_changes_where_faults_are_handled) {
  handle_faults();
  each_way([] { return static_memory; }, nothing);
  each_way(mapped, unmap);
  each_way(mapped, map_over);
}

HAZARD(unmapped) { each_way(mapped, unmap); }

HAZARD(unmapped_by_number) {
  each_way(mapped, [](char* memory) { CHECK_EQ(syscall(SYS_munmap, memory, kLength), 0); });
}

HAZARD(unmapped_in_the_middle) {
  each_way(mapped, [](char* memory) {
    memset(map(kPageSize, MAP_PRIVATE | MAP_FIXED, memory + kPageSize), '!', kPageSize);
    CHECK_EQ(munmap(memory + kPageSize, kPageSize), 0);
  });
}

HAZARD(unmapped_unseen) {
  each_way(
      mapped,
      [](char* memory) {
        CHECK_EQ(raw_syscall(SYS_munmap, reinterpret_cast<long>(memory), kLength, 0), 0);
      },
      false);
  each_way(
      mapped,
      [](char* memory) {
        CHECK_EQ(raw_syscall(SYS_munmap, reinterpret_cast<long>(memory) + kPageSize, kPageSize, 0),
                 0);
      },
      false);
  handle_faults();
  each_way(
      mapped,
      [](char* memory) {
        CHECK_EQ(raw_syscall(SYS_munmap, reinterpret_cast<long>(memory) + kPageSize, kPageSize, 0),
                 0);
      },
      false);
}

HAZARD(mapped_over) { each_way(mapped, map_over); }

HAZARD(discarded) {
  each_way(mapped, [](char* memory) {
    CHECK_EQ(madvise(memory, kLength, MADV_DONTNEED), 0);
    memset(memory, '!', kLength);
  });
}

HAZARD(made_inaccessible) {
  each_way(mapped, [](char* memory) { CHECK_EQ(mprotect(memory, kLength, PROT_NONE), 0); });
}

HAZARD(moved) {
  for (const Way way : kWays) {
    const Pipe pipe;
    char* const from = mapped();
    char* const to = mapped();
    memset(from, 'a', kLength);
    memset(to, '!', kLength);
    vmsplice_all(pipe.w, from, kLength);
    memset(from, 'b', kLength);
    CHECK(mremap(from, kLength, kLength, MREMAP_MAYMOVE | MREMAP_FIXED, to) == to);
    map_over(from);
    CHECK_EQ(take(pipe.r, 10), std::string(10, 'b'));
    memset(to, 'c', kLength);
    CHECK(way(pipe.r, kLength - 10) == std::string(kLength - 10, 'c'));
  }
}

HAZARD(shrunk_and_grown) {
  const Pipe pipe;
  char* const memory = mapped();
  memset(memory, 'a', kLength);
  vmsplice_all(pipe.w, memory, kLength);
  memset(memory, 'b', kLength);
  CHECK(mremap(memory, kLength, kPageSize, 0) == memory);
  memset(memory, 'c', kPageSize);
  CHECK(take(pipe.r, kLength) == std::string(kPageSize, 'c') + std::string(2 * kPageSize, 'b'));
  // What was moved is referred to still.
  char* const moved = static_cast<char*>(mremap(memory, kPageSize, 64 * kLength, MREMAP_MAYMOVE));
  CHECK(moved != MAP_FAILED);
  memset(moved, 'd', kLength);
  vmsplice_all(pipe.w, moved, kLength);
  memset(moved, 'e', kLength);
  CHECK(take(pipe.r, kLength) == std::string(kLength, 'e'));
}

HAZARD(the_break_sinks) {
  const Pipe pipe;
  const auto memory = static_cast<char*>(sbrk(2 * kLength));
  memset(memory, 'a', 2 * kLength);
  vmsplice_all(pipe.w, memory, 2 * kLength);
  memset(memory, 'b', 2 * kLength);
  CHECK(sbrk(-static_cast<long>(kLength)) == memory + 2 * kLength);
  CHECK(sbrk(kLength) == memory + kLength);
  memset(memory + kLength, '!', kLength);
  CHECK_EQ(brk(memory), 0);
  CHECK(sbrk(2 * kLength) == memory);
  memset(memory, '!', 2 * kLength);
  CHECK(take(pipe.r, 2 * kLength) == std::string(2 * kLength, 'b'));
}

HAZARD(a_segment_is_detached) {
  const int id = shmget(IPC_PRIVATE, kLength, IPC_CREAT | 0600);
  CHECK(id >= 0);
  const Pipe pipe;
  const auto memory = static_cast<char*>(shmat(id, nullptr, 0));
  memset(memory, 'a', kLength);
  vmsplice_all(pipe.w, memory, kLength);
  memset(memory, 'b', kLength);
  CHECK_EQ(take(pipe.r, 1), "b");
  memset(memory, 'c', kLength);
  CHECK_EQ(shmdt(memory), 0);
  shmctl(id, IPC_RMID, nullptr);
  memset(map(kLength, MAP_PRIVATE | MAP_FIXED, memory), '!', kLength);
  CHECK(take(pipe.r, kLength - 1) == std::string(kLength - 1, 'c'));
}

HAZARD(given_away_and_unmapped) {
  const Pipe pipe;
  for (int i = 0; i < 20; ++i) {
    char* const memory = mapped();
    memset(memory, 'a' + i, kLength);
    vmsplice_all(pipe.w, memory, kLength, SPLICE_F_GIFT);
    unmap(memory);
    memset(map(kLength), '!', kLength);
    CHECK(take(pipe.r, kLength) == std::string(kLength, static_cast<char>('a' + i)));
  }
}

// Blocks that malloc maps are unmapped by free, where nobody sees it.
HAZARD(freed) {
  constexpr size_t kBlock = size_t{1} << 20;
  for (const Way way : kWays) {
    const Pipe pipe;
    char* const block = static_cast<char*>(malloc(kBlock));
    memset(block, 'a', kBlock);
    vmsplice_all(pipe.w, block, kLength);
    free(block);
    char* const other = map(2 * kBlock);
    memset(other, '!', 2 * kBlock);
    CHECK(way(pipe.r, kLength) == std::string(kLength, 'a'));
    munmap(other, 2 * kBlock);
  }
}

HAZARD(the_thread_has_ended) {
  for (const Way way : kWays) {
    for (int round = 0; round < 3; ++round) {
      const Pipe pipe;
      std::thread([&] {
        char memory[2 * kPageSize];
        memset(memory, 'a', sizeof memory);
        vmsplice_all(pipe.w, memory + 10, kPageSize);
        memset(memory, 'b', sizeof memory);
        CHECK_EQ(take(pipe.r, 1), "b");
        memset(memory, 'a' + round, sizeof memory);
        // What is in the pipe is copied while the frame is still there.
        CHECK_EQ(take(pipe.r, 1), std::string(1, static_cast<char>('a' + round)));
      }).join();
      CHECK_EQ(way(pipe.r, kPageSize - 2).size(), kPageSize - 2);
    }
  }
}

HAZARD(forked) {
  const Pipe pipe;
  char* const memory = mapped();
  memset(memory, 'a', kLength);
  vmsplice_all(pipe.w, memory, kLength);
  memset(memory, 'b', kLength);
  const pid_t child = start([&] {
    memset(memory, 'c', kLength);
    CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'b'));
  });
  memset(memory, 'd', kLength);
  finish(child);
  CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'b'));
}

HAZARD(pieces_of_one_page) {
  const Pipe pipe;
  memset(static_memory, 'a', kLength);
  const iovec iov[] = {
      {static_memory + 10, 20}, {static_memory + 25, 100}, {static_memory + 10, 5}};
  CHECK_EQ(vmsplice(pipe.w, iov, 3, 0), 125);
  memset(static_memory, 'b', 25);
  CHECK_EQ(take(pipe.r, 3), "bbb");
  memset(static_memory, 'c', 28);
  CHECK(take(pipe.r, 122) == std::string(15, 'c') + "aaccc" + std::string(97, 'a') + "ccccc");
}

HAZARD(left_in_parts) {
  const Pipe pipe;
  const int file = file_of("");
  memset(static_memory, 'a', kLength);
  vmsplice_all(pipe.w, static_memory, kLength);
  std::string expected;
  for (int part = 0; part < 6; ++part) {
    memset(static_memory, 'b' + part, kLength);
    splice_all(pipe.r, file, kLength / 6);
    expected += std::string(kLength / 6, static_cast<char>('b' + part));
  }
  lseek(file, 0, SEEK_SET);
  CHECK(take(file, kLength) == expected);
}

HAZARD(a_master_pipe) {
  const Pipe master;
  memset(static_memory, 'a', kLength);
  vmsplice_all(master.w, static_memory, kLength);
  for (int i = 0; i < 20; ++i) {
    const Pipe reply;
    memset(static_memory + 100, '0' + i, 10);
    CHECK_EQ(tee(master.r, reply.w, kLength, 0), static_cast<ssize_t>(kLength));
    // One that is watched goes to the kernel, and the master stays what it is.
    if (i % 2 == 1) CHECK_EQ(ready(reply.r, 4, 1), 0);
    CHECK_EQ(take(reply.r, 112).substr(99),
             "a" + std::string(10, static_cast<char>('0' + i)) + "aa");
    CHECK_EQ(to_file(reply.r, kLength - 112).size(), kLength - 112);
    close(reply.r);
    close(reply.w);
  }
}

// Into the memory that it comes from.
HAZARD(read_into_itself) {
  const Pipe pipe;
  memset(static_memory, 'a', kLength);
  vmsplice_all(pipe.w, static_memory, kLength);
  memset(static_memory + kPageSize, 'b', kPageSize);
  CHECK_EQ(read(pipe.r, static_memory, kLength), static_cast<ssize_t>(kLength));
  CHECK(std::string(static_memory + kPageSize, kPageSize) == std::string(kPageSize, 'b'));
}

HAZARD(without_more_memory) {
  const Pipe pipe;
  const Pipe other;
  char* memory = map(16 * kPageSize);
  memset(memory, 'a', 16 * kPageSize);
  const rlimit none{1, 1};
  CHECK_EQ(setrlimit(RLIMIT_AS, &none), 0);
  for (int i = 0; i < 50; ++i) {
    vmsplice_all(pipe.w, memory, 16 * kPageSize);
    memset(memory, 'b', 16 * kPageSize);
    CHECK_EQ(tee(pipe.r, other.w, 16 * kPageSize, 0), 16 * static_cast<ssize_t>(kPageSize));
    if (i == 49) CHECK_EQ(munmap(memory, 16 * kPageSize), 0);
    for (const int r : {pipe.r, other.r}) {
      char bytes[kPageSize];
      for (int page = 0; page < 16; ++page) {
        CHECK_EQ(read(r, bytes, kPageSize), static_cast<ssize_t>(kPageSize));
        CHECK(std::all_of(bytes, bytes + kPageSize, [](char byte) { return byte == 'b'; }));
      }
    }
    if (i < 49) memset(memory, 'a', 16 * kPageSize);
  }
}

// One thread maps over the memory while two deliver it.
HAZARD(mapped_over_while_it_leaves) {
  for (int round = 0; round < 300 * times(); ++round) {
    const Pipe pipe;
    const Pipe other;
    char* const memory = mapped();
    const char byte = static_cast<char>('a' + round % 20);
    memset(memory, byte, kLength);
    vmsplice_all(pipe.w, memory, kLength);
    CHECK_EQ(tee(pipe.r, other.w, kLength, 0), static_cast<ssize_t>(kLength));
    std::string got[2];
    std::thread first([&] { got[0] = take(pipe.r, kLength); });
    std::thread second([&] { got[1] = to_file(other.r, kLength); });
    map_over(memory);
    first.join();
    second.join();
    for (const std::string& bytes : got) CHECK(bytes == std::string(kLength, byte));
    munmap(memory, kLength);
    for (const int fd : {pipe.r, pipe.w, other.r, other.w}) close(fd);
  }
}
