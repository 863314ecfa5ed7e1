#include "core/calls/losing_memory.h"

#include <pthread.h>

#include <algorithm>
#include <atomic>

#include "core/base/keep_errno.h"
#include "core/memory/user_memory.h"
#include "core/pipe/pipe_table.h"
#include "core/sys/critical_section.h"
#include "core/sys/sys.h"

namespace anysplice {
namespace {

// A transfer that began before the memory was taken over reads it still, with its ring locked. It
// does not wait, but for a file system of this very process, perhaps: so not for ever.
void wait_for_transfers() {
  constexpr int kAtOnce = 50;
  int patience = 100;
  for (uint32_t i = 0; i < pipe_high(); ++i) {
    Pipe* const pipe = pipe_number(i);
    if (pipe->state.load(std::memory_order_relaxed) != PipeState::kRing) continue;
    for (int looks = 0; pipe->lock.with_another_thread() && patience > 0; ++looks) {
      const bool at_once = looks < kAtOnce;
      sys->poll(nullptr, 0, at_once ? 0 : 1);
      if (!at_once) --patience;
    }
  }
}

pthread_key_t thread_key;
std::atomic<bool> thread_key_made;

// What of this thread's stack is referred to.
thread_local uintptr_t stack_start;
thread_local uintptr_t stack_end;

void on_thread_end(void*) {
  LosingMemory losing(reinterpret_cast<void*>(stack_start), stack_end - stack_start);
  losing.gone();
  stack_start = stack_end = 0;
}

// The key is made when it is needed: programs count theirs.
bool watch_this_thread() {
  if (!thread_key_made.load(std::memory_order_acquire)) {
    pthread_key_t made;
    if (pthread_key_create(&made, on_thread_end) != 0) return false;
    static std::atomic<bool> taken;
    if (taken.exchange(true)) {
      // Another thread was faster, and will be done in a moment: by copy, this once.
      pthread_key_delete(made);
      return false;
    }
    thread_key = made;
    thread_key_made.store(true, std::memory_order_release);
  }
  return pthread_setspecific(thread_key, &stack_start) == 0;
}

}  // namespace

void LosingMemory::begin() {
  const KeepErrno keep;
  const CriticalSection section;
  some_ = references::suspend(range_);
  if (some_) wait_for_transfers();
}

void LosingMemory::end(const references::Range* to) {
  const KeepErrno keep;
  const CriticalSection section;
  if (to == nullptr) {
    references::forget(range_);
  } else {
    references::resume(range_, *to);
  }
}

void LosingMemory::end_in(const iovec* parts, size_t count) {
  const KeepErrno keep;
  const CriticalSection section;
  for (size_t i = 0; i < count; ++i) {
    iovec part;
    if (copy_from_user(&part, parts + i, sizeof(part)) != ssize_t{sizeof(part)}) {
      references::forget(range_);  // changed meanwhile: not known any more
      return;
    }
    references::forget({part.iov_base, part.iov_len});
  }
  references::resume(range_, range_);
}

bool note_stack(const void* at, size_t size) {
  const auto start = reinterpret_cast<uintptr_t>(at);
  if (stack_end == 0) {
    if (!watch_this_thread()) return false;
    stack_start = start;
    stack_end = start + size;
  }
  stack_start = std::min(stack_start, start);
  stack_end = std::max(stack_end, start + size);
  return true;
}

}  // namespace anysplice
