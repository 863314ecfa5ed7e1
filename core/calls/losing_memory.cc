#include "core/calls/losing_memory.h"

#include <pthread.h>

#include <algorithm>

#include "core/base/keep_errno.h"
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
bool thread_key_made;

// What of this thread's stack is referred to.
thread_local uintptr_t stack_start;
thread_local uintptr_t stack_end;

void on_thread_end(void*) {
  LosingMemory losing(reinterpret_cast<void*>(stack_start), stack_end - stack_start);
  losing.gone();
  stack_start = stack_end = 0;
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

bool watch_thread_ends() {
  thread_key_made = pthread_key_create(&thread_key, on_thread_end) == 0;
  return thread_key_made;
}

void note_stack(const void* at, size_t size) {
  const auto start = reinterpret_cast<uintptr_t>(at);
  if (stack_end == 0) {
    stack_start = start;
    stack_end = start + size;
    if (thread_key_made) pthread_setspecific(thread_key, &stack_start);
    return;
  }
  stack_start = std::min(stack_start, start);
  stack_end = std::max(stack_end, start + size);
}

}  // namespace anysplice
