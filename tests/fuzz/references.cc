// vmsplice of memory that is changed afterwards, and may go away: what leaves the pipe is what the
// memory held last.
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>

#include <algorithm>

#include "core/calls/losing_memory.h"
#include "core/pipe/pipe_table.h"
#include "tests/fuzz/stage.h"

namespace fuzz {
namespace {

constexpr size_t kMost = 20 * kPage;

char* map(void* at, int flags) {
  void* const got =
      mmap(at, kMost, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
  return static_cast<char*>(got);
}

// The program's own data, which stays. Each side takes a stretch at a time, while there are any.
alignas(kPage) char data[2][100][kMost];

bool is_ring(int fd) {
  const anysplice::FdEntry entry = anysplice::fd_entry(fd);
  return entry.ours() && anysplice::pipe_of(entry)->state.load() == anysplice::PipeState::kRing;
}

enum Fate { kStays, kUnmapped, kMappedOver, kMoved, kDiscarded, kHidden, kIsData, kFates };

// Nobody interposes anything here: the engine is told as the preload object tells it.
void meet(Fate fate, char* memory) {
  using anysplice::LosingMemory;
  if (fate == kStays || fate == kIsData) return;
  if (fate == kHidden) {
    mprotect(memory, kMost, PROT_NONE);
    return;
  }
  LosingMemory losing(memory, kMost);
  switch (fate) {
    case kMappedOver:
      memset(map(memory, MAP_FIXED), '!', kMost);
      break;
    case kMoved: {
      char* const to = map(nullptr, 0);
      mremap(memory, kMost, kMost, MREMAP_MAYMOVE | MREMAP_FIXED, to);
      losing.moved({to, kMost});
      anysplice::lasting_memory::remove(memory, kMost);
      anysplice::lasting_memory::add(to, kMost);
      memset(map(memory, MAP_FIXED), '!', kMost);
      return;
    }
    case kDiscarded:
      madvise(memory, kMost, MADV_DONTNEED);
      memset(memory, '!', kMost);
      break;
    default:
      munmap(memory, kMost);
      anysplice::lasting_memory::remove(memory, kMost);
  }
  losing.gone();
}

}  // namespace

void Stage::refer(const Step& step) {
  Var& v = var(step.arg[0]);
  if (!v.writes || object_of(v).kind != Object::kPipe) {
    skipped_ = true;
    return;
  }
  const size_t skip = static_cast<size_t>(step.arg[3]) % kPage;
  size_t length = std::min(static_cast<size_t>(step.arg[1]), kMost - skip);
  const char* const bytes = pattern() + take_pattern(length);
  const auto fate = static_cast<Fate>(step.arg[2] % kFates);
  // Only a ring refers to memory, and does not become the kernel's by a call that must not wait. Of
  // memory that is hidden unseen it has the bytes of the call.
  const bool changes = is_ring(v.fd[kEngine]) && fate != kHidden;
  look_at_slots(v);
  char* memory[2];
  static size_t used = 0;
  const size_t stretch = fate == kIsData ? used++ : std::size(data[0]);
  for (int side = 0; side < 2; ++side) {
    if (stretch < std::size(data[side])) {
      memory[side] = data[side][stretch];
    } else {
      memory[side] = map(nullptr, 0);
      anysplice::lasting_memory::add(memory[side], kMost);
    }
    memcpy(memory[side] + skip, bytes, length);
    if (changes) memset(memory[side] + skip, '?', length);
  }
  const auto make = [&](int side) {
    const iovec iov{memory[side] + skip, length};
    return calls_[side]->vmsplice(v.fd[side], &iov, 1, SPLICE_F_NONBLOCK);
  };
  Answer answers[] = {call(kKernel, make), call(kEngine, make)};
  for (int side = 0; side < 2; ++side) {
    memcpy(memory[side] + skip, bytes, length);
    meet(fate, memory[side]);
  }
  judge(answers, v, [&](int side, Rest rest) {
    const iovec left = {const_cast<char*>(bytes) + rest.done, rest.of(length)};
    return calls_[side]->vmsplice(v.fd[side], &left, 1, SPLICE_F_NONBLOCK);
  });
  put_bytes(v, answers[0].n);
}

}  // namespace fuzz
