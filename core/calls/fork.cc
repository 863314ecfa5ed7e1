// fork and vfork: two processes with one pipe.
#include "core/calls/fork.h"

#include <errno.h>

#include "core/base/keep_errno.h"
#include "core/calls/descriptors.h"
#include "core/calls/engine.h"
#include "core/calls/exposure.h"
#include "core/calls/losing_memory.h"
#include "core/calls/observation.h"
#include "core/fd/fd_table.h"
#include "core/fd/own_description.h"
#include "core/inject/in_force.h"
#include "core/inject/inject.h"
#include "core/inject/process.h"
#include "core/memory/lasting_memory.h"
#include "core/memory/scratch.h"
#include "core/pipe/exposed_pipes.h"
#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_lock.h"
#include "core/pipe/promotion.h"
#include "core/pipe/sharers.h"
#include "core/pipe/sleepers.h"
#include "core/pipe/turns.h"
#include "core/policy/mode.h"
#include "core/sys/deferral.h"
#include "core/sys/signal_actions.h"
#include "core/sys/supervisor.h"
#include "core/sys/sys.h"
#include "core/sys/transient_descriptor.h"
#include "core/sys/vfork_child.h"

namespace anysplice {

BeforeVfork note_vfork() {
  expose_all(SettleReason::kVfork);
  return vfork_comes();
}

void note_vfork_returned(BeforeVfork before) {
  const KeepErrno keep;
  if (vfork_returns(before)) return;
  every_call_seen = false;
  keep_nothing(SettleReason::kVfork);
}

void before_fork() {
  own_description::forget_all();
  // Pipes that get a ring from here on would have one in each process.
  forbid_rings(+1);
  settle_rings(SettleReason::kFork);
  // First told, then waited for, then settled: what a call has in its hands the child would miss.
  exposed_pipes::note_may_be_shared();
  if (engine_may_answer()) turns::share_with_children();
  sharers::before_fork(engine_may_answer());
  const bool over = held_bytes::wait_for_calls();
  settle_held(SettleReason::kFork, over ? Busy::kWaitFor : Busy::kSkip);
  inject::before_fork();
  begin_fork();  // the last: what settles pipes may open an end
}

void after_fork(bool child) {
  const int kept = errno;
  end_fork(child);
  sharers::after_fork(child);
  if (child) {
    observe_as_new_process();
    inject::become_child();
    if (inject::on()) inject::forget_holders();
    deferral::become_child();
    if constexpr (signal_actions::kThere) signal_actions::become_child();
    supervisor::become_child();
    // Another thread may have had a pipe's lock, or been making a pipe; there is no such thread
    // here.
    for (uint32_t i = 0; i < pipe_high(); ++i) {
      Pipe* pipe = pipe_number(i);
      pipe->lock.init();
      const PipeState state = pipe->state.load();
      // What a ring has, that a handler interrupted work on, is its parent's to settle.
      if (state == PipeState::kRing) pipe->ring.consume(pipe->ring.bytes());
      if (state == PipeState::kRing || state == PipeState::kCandidate)
        pipe->state.store(PipeState::kKernel);
    }
    held_bytes::forget_all();
    lasting_memory::become_child();
    Scratch::become_child();
    LosingMemory::become_child();
    sleepers::forget_all();
    turns::forget_threads();
    vfork_is_over();
  } else {
    own_description::forget_all();  // what other threads made meanwhile
    settle_rings(SettleReason::kFork);
  }
  forbid_rings(-1);
  errno = kept;
}

pid_t fork() {
  before_fork();
  const pid_t pid = sys->fork();
  after_fork(pid == 0);
  return pid;
}

}  // namespace anysplice
