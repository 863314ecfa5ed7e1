#include "core/fd/own_description.h"

#include <atomic>

#include "core/policy/mode.h"

namespace anysplice::own_description {
namespace {

std::atomic<bool> any;
std::atomic<uint32_t> times;

}  // namespace

void note_made(int fd) {
  // Where the kernel carries, nothing is looked at.
  if (!engine_may_answer() || !every_call_seen.load(std::memory_order_relaxed)) return;
  if (vfork_child()) return;
  set_fd_entry(fd, FdEntry::of(FdKind::kUnknown, kMark));
  any.store(true);
}

void forget_all() {
  times.fetch_add(1);
  if (!any.exchange(false)) return;
  const unsigned high = fd_high.load(std::memory_order_relaxed);
  for (unsigned fd = 0; fd < high; ++fd) {
    FdEntry entry = fd_entry(static_cast<int>(fd));
    while (marked(entry) &&
           !fd_words[fd].compare_exchange_weak(
               entry.word, FdEntry::of(entry.kind(), entry.pipe() & ~kMark).word)) {
    }
  }
}

uint32_t times_forgotten() { return times.load(); }

}  // namespace anysplice::own_description
