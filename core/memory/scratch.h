// Pages for bytes in transit within one call. Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_SCRATCH_H_
#define ANYSPLICE_CORE_MEMORY_SCRATCH_H_

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
    } else {
      data_ = ring_pool()->take(kPages, &pages_);
    }
  }
  ~Scratch() {
    if (data_ != nullptr) ring_pool()->put(data_, pages_);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  // Null without memory.
  char* data() const { return data_; }
  size_t size() const { return pages_ * kPage; }

 private:
  char* data_ = nullptr;
  size_t pages_ = 0;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_SCRATCH_H_
