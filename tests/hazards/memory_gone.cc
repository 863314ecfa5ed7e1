// Memory that goes away while it is in a pipe by vmsplice: what leaves the pipe is what the memory
// held last.
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include <thread>

#include "ways.h"

using namespace hazard;

namespace {

void unmap(char* memory) { CHECK_EQ(munmap(memory, kLength), 0); }
void map_over(char* memory) { memset(map(kLength, MAP_PRIVATE | MAP_FIXED, memory), '!', kLength); }

char* mapped() { return map(kLength); }

}  // namespace

HAZARD(gone_where_faults_are_handled) {
  handle_faults();
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
  file_of("");  // libc maps what it needs for that now, and not into the hole
  const auto unmap_page = [](char* memory) {
    CHECK_EQ(raw_syscall(SYS_munmap, reinterpret_cast<long>(memory) + kPageSize, kPageSize, 0), 0);
  };
  each_way(
      mapped,
      [](char* memory) {
        CHECK_EQ(raw_syscall(SYS_munmap, reinterpret_cast<long>(memory), kLength, 0), 0);
      },
      false);
  each_way(mapped, unmap_page, false);
  handle_faults();
  each_way(mapped, unmap_page, false);
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

HAZARD(other_pages_in_its_place) {
  char* const memory = map(2 * kPageSize, MAP_SHARED);
  memset(memory, 'a', kPageSize);
  memset(memory + kPageSize, 'b', kPageSize);
  const Pipe pipe;
  vmsplice_all(pipe.w, memory, kPageSize);
  CHECK_EQ(syscall(SYS_remap_file_pages, memory, kPageSize, 0, 1, 0), 0);
  CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'a'));
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

HAZARD(mapped_over_while_it_leaves) {
  for (int round = 0; round < 1000 * times(); ++round) {
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

// What was in the pipe stays there when the file's pages go.
HAZARD(the_file_is_cut_and_grown) {
  const int file = file_of(std::string(kPageSize, 'a'));
  for (const int sharing : {MAP_SHARED, MAP_PRIVATE}) {
    void* const memory = mmap(nullptr, kPageSize, PROT_READ | PROT_WRITE, sharing, file, 0);
    CHECK(memory != MAP_FAILED);
    const Pipe pipe;
    const iovec iov{memory, kPageSize};
    CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), static_cast<ssize_t>(kPageSize));
    CHECK_EQ(ftruncate(file, 0), 0);
    CHECK_EQ(ftruncate(file, kPageSize), 0);
    CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'a'));
    CHECK_EQ(pwrite(file, std::string(kPageSize, 'a').data(), kPageSize, 0),
             static_cast<ssize_t>(kPageSize));
  }
}

HAZARD(discarded_as_by_another_process) {
#ifdef SYS_process_madvise
  const int self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  char* const memory = map(kPageSize);
  memset(memory, 'a', kPageSize);
  const Pipe pipe;
  const iovec iov{memory, kPageSize};
  CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), static_cast<ssize_t>(kPageSize));
  if (syscall(SYS_process_madvise, self, &iov, 1, MADV_DONTNEED, 0) < 0) {
    skip("process_madvise does not discard here");
  }
  CHECK_EQ(take(pipe.r, kPageSize), std::string(kPageSize, 'a'));
#endif
}

HAZARD(an_unmapping_that_fails) {
  char* const memory = map(kLength);
  CHECK_FAILS(munmap(memory + 1, kLength), EINVAL);
  memset(memory, 'a', kLength);
  const Pipe pipe;
  const iovec iov{memory, kLength};
  CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), static_cast<ssize_t>(kLength));
  memset(memory, 'b', kLength);
  CHECK_EQ(take(pipe.r, kLength), std::string(kLength, 'b'));
}
