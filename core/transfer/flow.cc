#include "core/transfer/flow.h"

#include "core/pipe/sleepers.h"
#include "core/sys/signal_actions.h"

namespace anysplice {
namespace {

int wait_in_kernel(const Flow& flow, Step step, bool restarts, unsigned vain) {
  if (step == Step::kWaitOut) return wait_writable(flow.out, restarts, vain);
  if (flow.in.kind != Kind::kPipe) return wait_readable(flow.in, restarts, vain);
  const Sleeper sleeper(pipe_key_of(flow.in.fd));
  // First counted, then looked: bytes that get held in between are not missed.
  return held_bytes::any() && holds_bytes(flow.in.fd) ? 0 : wait_readable(flow.in, restarts, vain);
}

}  // namespace

bool names_the_same(const Endpoint& end) {
  if (!every_call_seen.load(std::memory_order_relaxed) || vfork_child()) return true;
  return number_changes::of(end.fd) == end.changes;
}

int wait(Flow& flow, Step step, bool restarts, unsigned vain) {
  const uint32_t handlers = signal_actions::begun.load(std::memory_order_relaxed);
  const int error = wait_in_kernel(flow, step, restarts, vain);
  if (error != 0 || (names_the_same(flow.in) && names_the_same(flow.out))) return error;
  // A call that a handler has interrupted, and that is restarted, goes by its numbers again.
  if (signal_actions::begun.load(std::memory_order_relaxed) == handlers) return -EBADF;
  for (Endpoint* end : {&flow.in, &flow.out}) end->changes = number_changes::of(end->fd);
  return 0;
}

}  // namespace anysplice
