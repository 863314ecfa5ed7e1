// Threads of this process that may be asleep in the kernel until a pipe has bytes. While there are
// any, nothing stays held of that pipe after a call: they would not wake for it.
//
// Thread-safe, lock-free and async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_SLEEPERS_H_
#define ANYSPLICE_CORE_PIPE_SLEEPERS_H_

#include "core/pipe/pipe_id.h"

namespace anysplice {

// Of a thread that did not look what it waits for, as long as nothing had been answered here: also
// no pipe gets a ring meanwhile.
inline constexpr PipeKey kUnlooked = kPipeKeys;

// Counts a thread as long as it lives.
class Sleeper {
 public:
  explicit Sleeper(PipeKey key = kAnyPipe);
  ~Sleeper();
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

 private:
  PipeKey key_;
  uint32_t generation_;
};

namespace sleepers {

// Whether there may be one on a pipe of that key.
bool any(PipeKey key);
// Whether one of them did not look.
bool any_unlooked();
// One more on every pipe, for good: this process has means to wait that are not seen.
void add_for_good();
// In the child of a fork: there are no other threads.
void forget_all();

}  // namespace sleepers
}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_SLEEPERS_H_
