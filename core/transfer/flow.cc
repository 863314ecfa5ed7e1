#include "core/transfer/flow.h"

#include "core/pipe/sleepers.h"

namespace anysplice {
namespace {

int wait_in_kernel(const Flow& flow, Step step, bool restarts, unsigned vain) {
  if (step == Step::kWaitOut) return wait_writable(flow.out, restarts, vain);
  if (flow.in.kind != Kind::kPipe) return wait_readable(flow.in, restarts, vain);
  const Sleeper sleeper(pipe_key_of(flow.in.fd));
  // First counted, then looked: bytes that get held in between are not missed.
  return held_bytes::any() && holds_bytes(flow.in.fd) ? 0 : wait_readable(flow.in, restarts, vain);
}

void go_on_with(Endpoint& end, int fd) {
  if (fd < 0) return;
  end.fd = fd;
  end.kept = true;
  end.pipe = {0, 0};
}

}  // namespace

int wait(Flow& flow, Step step, bool restarts, unsigned vain) {
  flow.waiting.begin(flow.in.fd, flow.out.fd);
  const int error = wait_in_kernel(flow, step, restarts, vain);
  go_on_with(flow.in, flow.waiting.kept(0));
  go_on_with(flow.out, flow.waiting.kept(1));
  return error;
}

}  // namespace anysplice
