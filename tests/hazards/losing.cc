// Calls that take memory away while it is in a pipe by vmsplice: those that fail when it is done,
// or before, or concern other memory, and one that comes while vmsplice is at it.
#include <linux/userfaultfd.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <thread>

#include "ways.h"

using namespace hazard;

namespace {

char* page_of(char letter, size_t pages = 1) {
  char* const memory = map(pages * kPageSize);
  memset(memory, letter, pages * kPageSize);
  return memory;
}

std::string page(char letter) { return std::string(kPageSize, letter); }

// What is mapped where nothing is any more.
void fill_hole(char* at, char letter) {
  CHECK(map(kPageSize, MAP_PRIVATE, at) == at);
  memset(at, letter, kPageSize);
}

// -1 if it fails.
long map_page_over(char* at, int flags, int fd) {
  return reinterpret_cast<long>(mmap(at, kPageSize, PROT_READ, flags | MAP_FIXED, fd, 0));
}

bool is_mapped(char* at) {
  unsigned char resident;
  return mincore(at, kPageSize, &resident) == 0;
}

// A page in a pipe, whose memory changes after that.
struct Spliced {
  Pipe pipe;
  char* const memory = page_of('a');
  Spliced() {
    vmsplice_all(pipe.w, memory, kPageSize);
    memset(memory, 'b', kPageSize);
  }
  void leaves_as(char letter) const { CHECK(take(pipe.r, kPageSize) == page(letter)); }
};

}  // namespace

HAZARD(discarded_up_to_a_hole) {
  char* const memory = page_of('a', 3);
  CHECK_EQ(munmap(memory + kPageSize, kPageSize), 0);
  for (const bool by_number : {false, true}) {
    const Pipe pipe;
    memset(memory, 'a', kPageSize);
    vmsplice_all(pipe.w, memory, kPageSize);
    const size_t all = 3 * kPageSize;
    CHECK_FAILS(by_number ? syscall(SYS_madvise, memory, all, MADV_DONTNEED)
                          : madvise(memory, all, MADV_DONTNEED),
                ENOMEM);
    CHECK_EQ(memory[0], '\0');
    CHECK(take(pipe.r, kPageSize) == page('a'));
  }
}

HAZARD(discarded_up_to_locked_memory) {
  char* const memory = page_of('a', 2);
  if (mlock(memory + kPageSize, kPageSize) != 0) skip("no memory may be locked");
  const Pipe pipe;
  vmsplice_all(pipe.w, memory, kPageSize);
  CHECK_FAILS(madvise(memory, 2 * kPageSize, MADV_DONTNEED), EINVAL);
  CHECK_EQ(memory[0], '\0');
  CHECK(take(pipe.r, kPageSize) == page('a'));
}

HAZARD(mapped_over_by_what_cannot_be_mapped) {
  const Spliced spliced;
  const int s = socket(AF_UNIX, SOCK_DGRAM, 0);
  char* const at = spliced.memory;
  CHECK_FAILS(map_page_over(at, MAP_SHARED, s), ENODEV);
  if (!is_mapped(at)) fill_hole(at, '!');  // which some kernels do, others do not
  spliced.leaves_as('b');
}

HAZARD(a_mapping_over_it_is_refused) {
  const Spliced spliced;
  char* const at = spliced.memory;
  CHECK_FAILS(map_page_over(at, MAP_SHARED, -1), EBADF);
  CHECK_FAILS(map_page_over(at + 1, MAP_PRIVATE | MAP_ANONYMOUS, -1), EINVAL);
  memset(at, 'c', kPageSize);
  spliced.leaves_as('c');
}

HAZARD(moved_over_by_what_cannot_move) {
  const Spliced spliced;
  char* const other = page_of('o');
  rlimit before;
  CHECK_EQ(getrlimit(RLIMIT_AS, &before), 0);
  const rlimit none{kPageSize, before.rlim_max};
  CHECK_EQ(setrlimit(RLIMIT_AS, &none), 0);
  constexpr int kDontUnmap = 4;  // with it there is one mapping more, of which there may be none
  void* const moved = mremap(other, kPageSize, kPageSize,
                             MREMAP_MAYMOVE | MREMAP_FIXED | kDontUnmap, spliced.memory);
  const int error = errno;
  CHECK_EQ(setrlimit(RLIMIT_AS, &before), 0);
  if (moved != MAP_FAILED || error != ENOMEM) skip("the system does not refuse that");
  if (!is_mapped(spliced.memory)) fill_hole(spliced.memory, '!');
  spliced.leaves_as('b');
}

HAZARD(a_move_over_it_is_refused) {
  const Spliced spliced;
  char* const other = page_of('o');
  CHECK_FAILS(reinterpret_cast<long>(mremap(other, kPageSize, kPageSize,
                                            MREMAP_MAYMOVE | MREMAP_FIXED, spliced.memory + 1)),
              EINVAL);
  memset(spliced.memory, 'c', kPageSize);
  spliced.leaves_as('c');
}

#ifdef SYS_process_madvise
HAZARD(other_memory_is_discarded_as_by_another_process) {
  char* const other = page_of('o');
  const iovec iov{other, kPageSize};
  const int self = static_cast<int>(syscall(SYS_pidfd_open, getpid(), 0));
  CHECK(self >= 0);
  {
    const Spliced spliced;
    CHECK_FAILS(syscall(SYS_process_madvise, -1, &iov, 1, MADV_DONTNEED, 0), EBADF);
    memset(spliced.memory, 'c', kPageSize);
    spliced.leaves_as('c');
  }
  const Spliced spliced;
  // Before Linux 6.13 nothing may be discarded so, and nothing is.
  const long done = syscall(SYS_process_madvise, self, &iov, 1, MADV_DONTNEED, 0);
  CHECK_EQ(other[0], done < 0 ? 'o' : '\0');
  memset(spliced.memory, 'c', kPageSize);
  spliced.leaves_as('c');
}

HAZARD(memory_of_another_process_is_advised) {
  const Pipe wait;
  const pid_t child = start([&] { take(wait.r, 1); });
  const int other = static_cast<int>(syscall(SYS_pidfd_open, child, 0));
  CHECK(other >= 0);
  const Spliced spliced;
  const iovec iov{spliced.memory, kPageSize};
  CHECK_FAILS(syscall(SYS_process_madvise, other, &iov, 1, MADV_DONTNEED, 0), EINVAL);
  memset(spliced.memory, 'c', kPageSize);
  put(wait.w, "!");
  finish(child);
  spliced.leaves_as('c');
}
#endif

// vmsplice waits for its second page when the first one, of which it has taken note, is mapped
// over.
HAZARD(mapped_over_while_it_comes) {
  const int faults = static_cast<int>(syscall(SYS_userfaultfd, O_CLOEXEC));
  if (faults < 0) skip("no userfaultfd");
  uffdio_api api{};
  api.api = UFFD_API;
  if (ioctl(faults, UFFDIO_API, &api) != 0) skip("no userfaultfd");
  char* const memory = map(2 * kPageSize);
  uffdio_register missing{};
  missing.range = {reinterpret_cast<uintptr_t>(memory), 2 * kPageSize};
  missing.mode = UFFDIO_REGISTER_MODE_MISSING;
  CHECK_EQ(ioctl(faults, UFFDIO_REGISTER, &missing), 0);
  char* const source = page_of('a');
  const auto supply = [&](char* at) {
    uffdio_copy copy{};
    copy.dst = reinterpret_cast<uintptr_t>(at);
    copy.src = reinterpret_cast<uintptr_t>(source);
    copy.len = kPageSize;
    CHECK_EQ(ioctl(faults, UFFDIO_COPY, &copy), 0);
  };
  supply(memory);
  const Pipe pipe;
  std::thread splicing([&] { vmsplice_all(pipe.w, memory, 2 * kPageSize); });
  uffd_msg fault;
  CHECK_EQ(raw_syscall(SYS_read, faults, reinterpret_cast<long>(&fault), sizeof(fault)),
           static_cast<long>(sizeof(fault)));
  CHECK_EQ(fault.arg.pagefault.address / kPageSize * kPageSize,
           reinterpret_cast<uintptr_t>(memory) + kPageSize);
  memset(map(kPageSize, MAP_PRIVATE | MAP_FIXED, memory), '!', kPageSize);
  memset(source, 'b', kPageSize);
  supply(memory + kPageSize);
  splicing.join();
  CHECK(take(pipe.r, 2 * kPageSize) == page('a') + page('b'));
}
