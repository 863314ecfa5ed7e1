// Pages for bytes in transit within one call. Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_SCRATCH_H_
#define ANYSPLICE_CORE_MEMORY_SCRATCH_H_

#include <atomic>

#include "core/base/placement.h"
#include "core/memory/ring_pool.h"

namespace anysplice {

class Scratch {
 public:
  static constexpr size_t kPages = 16;

  Scratch() {
    if (ring_pool() == nullptr) return;
    // What a message is cut to depends on it.
    data_ = ring_pool()->take_whole(kPages);
    if (data_ != nullptr) {
      pages_ = kPages;
      return;
    }
    data_ = ring_pool()->take(kPages, &pages_);
    if (data_ != nullptr || reserve_taken.exchange(true, std::memory_order_acquire)) return;
    data_ = reserve;
    pages_ = kPages;
  }
  ~Scratch() {
    if (data_ == reserve) {
      reserve_taken.store(false, std::memory_order_release);
    } else if (data_ != nullptr) {
      ring_pool()->put(data_, pages_);
    }
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // In the child of a fork: another thread may have had the reserve.
  static void become_child() { reserve_taken.store(false, std::memory_order_relaxed); }

  // Null without memory.
  char* data() const { return data_; }
  size_t size() const { return pages_ * kPage; }

 private:
  // For one call at a time, when no memory is to be had.
  ANYSPLICE_SELDOM static inline constinit char reserve[kPages * kPage]{};
  static inline constinit std::atomic<bool> reserve_taken{false};

  char* data_ = nullptr;
  size_t pages_ = 0;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_SCRATCH_H_
