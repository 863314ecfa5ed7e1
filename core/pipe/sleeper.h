// Counts a thread that may sleep in the kernel until a pipe has bytes (arena.h).
#ifndef ANYSPLICE_CORE_PIPE_SLEEPER_H_
#define ANYSPLICE_CORE_PIPE_SLEEPER_H_

#include "core/pipe/arena.h"

namespace anysplice {

class Sleeper {
 public:
  explicit Sleeper(uint32_t key = arena::kAnyPipe) : key_(key), counted_(arena::sleeper(key, +1)) {}
  ~Sleeper() {
    if (counted_) arena::sleeper(key_, -1);
  }
  Sleeper(const Sleeper&) = delete;
  Sleeper& operator=(const Sleeper&) = delete;

 private:
  uint32_t key_;
  bool counted_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_SLEEPER_H_
