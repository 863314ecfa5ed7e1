// Calls that take memory away from the program, or put other memory in its place, while a ring may
// refer to it.
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_
#define ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_

#include <stdint.h>
#include <sys/uio.h>

#include <atomic>

#include "core/memory/lasting_memory.h"
#include "core/memory/references.h"

namespace anysplice {

// Around such a call. Without references it costs two counts, a look at their number, and at where
// the program's own memory is.
class LosingMemory {
 public:
  // Takes over what the memory holds.
  LosingMemory(const void* at, size_t size) : range_{at, size} {
    if (size == 0) return;
    lasting_memory::losing(at, size);
    begun_.fetch_add(1);
    std::atomic_thread_fence(std::memory_order_seq_cst);  // Losses, in another thread
    if (references::any()) [[unlikely]]
      begin();
  }
  ~LosingMemory() {
    if (range_.size != 0) ended_.fetch_add(1, std::memory_order_release);
  }
  LosingMemory(const LosingMemory&) = delete;
  LosingMemory& operator=(const LosingMemory&) = delete;
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

  // In the child of a fork: what other threads had begun does not end there.
  static void become_child() { ended_.store(begun_.load()); }

 private:
  friend class Losses;
  void begin();
  void end(const references::Range* to);
  void end_in(const iovec* parts, size_t count);

  static inline std::atomic<uint32_t> begun_;
  static inline std::atomic<uint32_t> ended_;
  const references::Range range_;
  bool some_ = false;
};

// Around the copy of memory and the reference to it that follows: who takes the memory away in
// between has found no reference.
class Losses {
 public:
  Losses() : ended_(LosingMemory::ended_.load()), begun_(LosingMemory::begun_.load()) {}
  // Whether any memory was being taken away since.
  bool any() const {
    return static_cast<int32_t>(begun_ - ended_) > 0 || LosingMemory::begun_.load() != begun_;
  }

 private:
  const uint32_t ended_;  // looked at first
  const uint32_t begun_;
};

// This thread's end takes over that stretch of its stack, too. False if its end cannot be watched.
bool note_stack(const void* at, size_t size);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_LOSING_MEMORY_H_
