#include "core/calls/front.h"

#include <pthread.h>

#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/pipe/turns.h"

namespace anysplice {
namespace {

// Whether unread bytes of the pipe behind a descriptor may be elsewhere than in the kernel, so that
// only the engine can answer.
bool engine_has_bytes(int fd) {
  const FdEntry entry = fd_entry(fd);
  if (entry.ours() && pipe_of(entry)->state.load(std::memory_order_acquire) == PipeState::kRing) {
    return true;
  }
  return held_bytes::any() && !entry.no_pipe() &&
         (holds_bytes(fd) || turns::begun(pipe_key_of(fd)));
}

void count_answer(Counter& calls, Counter& bytes, ssize_t result) {
  count(calls);
  if (result > 0) count(bytes, static_cast<uint64_t>(result));
}

CallCounters& counters(Call call) { return stats->call[static_cast<size_t>(call)]; }

}  // namespace

void Front::ask_injection() {
  const inject::Turn turn =
      inject::begin({asked_.call, asked_.fd[0], asked_.fd[1], asked_.flags}, length_);
  answered_ = !turn.open;
  injected_ = turn.open;
  result_ = turn.answer;
  length_ = turn.length;
  account_ = turn.account;
}

bool Front::asks_kernel() {
  if (answered_ || !ask_kernel_first(asked_.call)) return false;
  // First counted, then looked: no ring is made, and no byte held, beside a call that sleeps.
  asleep_.begin(asked_.fd[0], asked_.fd[1]);
  if (!engine_has_bytes(asked_.fd[0]) && !engine_has_bytes(asked_.fd[1])) return true;
  asleep_.end();
  return false;
}

bool Front::kernel_answers(ssize_t n) {
  asleep_.end();
  if (n < 0 && mode() != Mode::kNative && kernel_declined(asked_.call, errno)) return false;
  answered_ = true;
  result_ = n;
  by_ = AnsweredBy::kKernel;
  count_answer(counters(asked_.call).native_calls, counters(asked_.call).native_bytes, n);
  return true;
}

bool Front::asks_engine() {
  if (answered_) return false;
  by_ = AnsweredBy::kCopy;
  note_engine_answers();
  if (asked_.call != Call::kSendfile) pthread_testcancel();
  return true;
}

void Front::engine_answers(ssize_t n) {
  count_answer(counters(asked_.call).engine_calls, counters(asked_.call).engine_bytes, n);
  result_ = answer(n, kept_errno_);
}

}  // namespace anysplice
