// Memory that is changed while it is in a pipe by vmsplice: what leaves the pipe is what the memory
// holds then.
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include <algorithm>

#include "ways.h"

using namespace hazard;

namespace {

alignas(kPageSize) char static_memory[kLength];

void nothing(char*) {}

char* mapped() { return map(kLength); }

}  // namespace

HAZARD(static_memory_changes) {
  each_way([] { return static_memory; }, nothing);
}

HAZARD(the_stack_changes) {
  char memory[kLength + kPageSize];
  static uintptr_t there;  // (To compilers a pointer would dangle.)
  there = reinterpret_cast<uintptr_t>(memory) + 123;
  each_way([] { return reinterpret_cast<char*>(there); }, nothing);
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
  each_way(mapped, nothing);
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

HAZARD(read_into_itself) {
  const Pipe pipe;
  memset(static_memory, 'a', kLength);
  vmsplice_all(pipe.w, static_memory, kLength);
  memset(static_memory + kPageSize, 'b', kPageSize);
  CHECK_EQ(read(pipe.r, static_memory, kLength), static_cast<ssize_t>(kLength));
  CHECK(std::string(static_memory + kPageSize, kPageSize) == std::string(kPageSize, 'b'));
}

HAZARD(a_bad_target_changes_nothing) {
  const Pipe pipe;
  char* const bad = map(kPageSize);
  CHECK_EQ(munmap(bad, kPageSize), 0);
  memset(static_memory, 'a', kPageSize);
  vmsplice_all(pipe.w, static_memory, kPageSize);
  CHECK_EQ(read(pipe.r, bad, kPageSize), -1);
  CHECK_EQ(errno, EFAULT);
  const iovec iov{bad, kPageSize};
  CHECK_EQ(vmsplice(pipe.r, &iov, 1, 0), -1);
  memset(static_memory, 'b', kPageSize);
  CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'b'));
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
