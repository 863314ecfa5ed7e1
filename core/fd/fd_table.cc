#include "core/fd/fd_table.h"

#include "core/base/placement.h"

namespace anysplice {

ANYSPLICE_SELDOM std::atomic<uint32_t> fd_words[kFdLimit];
ANYSPLICE_SELDOM std::atomic<uint32_t> number_changes::counts[kCounted];
std::atomic<unsigned> fd_high;
std::atomic<uint32_t> fd_replaced;

void set_fd_entry(int fd, FdEntry entry) {
  const unsigned number = static_cast<unsigned>(fd);
  if (number >= kFdLimit) return;
  unsigned high = fd_high.load(std::memory_order_relaxed);
  while (entry.word != 0 && high <= number &&
         !fd_high.compare_exchange_weak(high, number + 1, std::memory_order_relaxed)) {
  }
  fd_words[number].store(entry.word, std::memory_order_release);
}

std::atomic<bool> every_call_seen = true;

void remember_fd(int fd, FdEntry entry) {
  if (vfork_child()) return;
  if (every_call_seen.load(std::memory_order_relaxed)) {
    set_fd_entry(fd, entry);
  } else {
    set_fd_entry(fd, entry.is_pipe() ? FdEntry::of(FdKind::kPipe) : FdEntry{});
  }
}

}  // namespace anysplice
