// Calls that take memory away from the program, or put other memory in its place, while a ring may
// refer to it.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_
#define ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_

#include <sys/uio.h>

#include "core/memory/lasting_memory.h"
#include "core/memory/references.h"

namespace anysplice {

// Around such a call. Without references it costs a look at their number, and at where the
// program's own memory is.
class LosingMemory {
 public:
  // Takes over what the memory holds.
  LosingMemory(const void* at, size_t size) : range_{at, size} {
    if (size == 0) return;
    lasting_memory::losing(at, size);
    if (references::any()) [[unlikely]]
      begin();
  }
  // How the call ended: the memory is gone; it is where it was; it has moved.
  void gone() {
    if (some_) end(nullptr);
  }
  void kept() {
    if (some_) end(&range_);
  }
  void moved(const references::Range& to) {
    if (some_) end(&to);
  }
  // Only these parts are gone.
  void gone_in(const iovec* parts, size_t count) {
    if (some_) end_in(parts, count);
  }
  // What took no effect if it failed.
  void gone_if(bool success) { success ? gone() : kept(); }

 private:
  void begin();
  void end(const references::Range* to);
  void end_in(const iovec* parts, size_t count);

  const references::Range range_;
  bool some_ = false;
};

// This thread's end takes over that stretch of its stack, too. False if its end cannot be watched.
bool note_stack(const void* at, size_t size);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_
