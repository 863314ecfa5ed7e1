// What a program has from the beginning, its data and the first thread's stack, goes away while it
// is in a pipe by vmsplice; and is not taken for what it no longer is.
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "ways.h"

using namespace hazard;

namespace {

void unmap(char* memory) { CHECK_EQ(munmap(memory, kLength), 0); }
void map_over(char* memory) { memset(map(kLength, MAP_PRIVATE | MAP_FIXED, memory), '!', kLength); }

// Pages of the program's data, others each time: what was done to some stays done.
alignas(kPageSize) char data[40 * kLength];
char* some_data() {
  static char* next = data;
  return (next += kLength) - kLength;
}

}  // namespace

HAZARD(data_made_inaccessible) {
  each_way(some_data, [](char* memory) { CHECK_EQ(mprotect(memory, kLength, PROT_NONE), 0); });
  const Pipe pipe;
  const iovec iov{data, 1};
  CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), -1);
  CHECK_EQ(errno, EFAULT);
  CHECK_EQ(mprotect(data, sizeof(data), PROT_READ | PROT_WRITE), 0);
  each_way(some_data, [](char*) {});
}

HAZARD(data_mapped_over) { each_way(some_data, map_over); }
HAZARD(data_unmapped) { each_way(some_data, unmap); }

HAZARD(data_that_a_child_does_not_have) {
  memset(data, 'a', 2 * kPageSize);
  CHECK_EQ(madvise(data + kPageSize, kPageSize, MADV_DONTFORK), 0);
  finish(start([] {
    const Pipe pipe;
    const iovec both{data, 2 * kPageSize};
    CHECK_EQ(vmsplice(pipe.w, &both, 1, 0), static_cast<ssize_t>(kPageSize));
    const iovec gone{data + kPageSize, kPageSize};
    CHECK_EQ(vmsplice(pipe.w, &gone, 1, 0), -1);
    CHECK_EQ(errno, EFAULT);
  }));
}

// Between a stack of its own, mapped below the first thread's, and that there is nothing.
HAZARD(a_stack_below_the_stack) {
  static ucontext_t here, there;
  static char* hole;
  const uintptr_t top = (getauxval(AT_RANDOM) + kPageSize) & ~(kPageSize - 1);
  constexpr size_t kStack = 1 << 20;
  auto* const below = reinterpret_cast<char*>(top - (size_t{40} << 20));
  void* const stack =
      mmap(below, kStack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(stack == below);
  hole = below + 4 * kStack;
  CHECK_EQ(getcontext(&there), 0);
  there.uc_stack.ss_sp = stack;
  there.uc_stack.ss_size = kStack;
  there.uc_link = &here;
  makecontext(
      &there,
      [] {
        const Pipe pipe;
        const iovec iov{hole, kPageSize};
        CHECK_EQ(vmsplice(pipe.w, &iov, 1, 0), -1);
        CHECK_EQ(errno, EFAULT);
      },
      0);
  CHECK_EQ(swapcontext(&here, &there), 0);
}

HAZARD(the_stack_mapped_over) {
  alignas(kPageSize) char memory[kLength];
  static uintptr_t there;  // (To compilers a pointer would dangle.)
  there = reinterpret_cast<uintptr_t>(memory);
  each_way([] { return reinterpret_cast<char*>(there); }, map_over);
}
