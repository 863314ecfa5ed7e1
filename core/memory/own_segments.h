// The iovecs of one call, copied before anything is done with them, as the kernel does: what the
// call writes, or another thread, may be where the program keeps them. Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_OWN_SEGMENTS_H_
#define ANYSPLICE_CORE_MEMORY_OWN_SEGMENTS_H_

#include <errno.h>
#include <limits.h>
#include <sys/uio.h>

#include "core/memory/ring_pool.h"
#include "core/memory/user_memory.h"

namespace anysplice {

class OwnSegments {
 public:
  OwnSegments(const iovec* given, size_t count) {
    if (count > IOV_MAX) {
      error_ = -EINVAL;
      return;
    }
    const size_t size = count * sizeof(iovec);
    if (count <= kFew || take_pages((size + kPage - 1) / kPage)) {
      if (size > 0) error_ = load_from_user(own_, given, size);
      iov_ = own_;
    } else {
      // As long as memory is short they are where the program has them.
      error_ = check_readable(given, size);
      iov_ = given;
    }
    if (error_ == 0) error_ = check_segments(iov_, count, &total_);
  }
  ~OwnSegments() {
    if (pages_ > 0) ring_pool()->put(own_, pages_);
  }
  OwnSegments(const OwnSegments&) = delete;
  OwnSegments& operator=(const OwnSegments&) = delete;

  // What the kernel refuses, before it looks at anything else: 0 or -errno.
  int error() const { return error_; }
  const iovec* iov() const { return iov_; }
  size_t total() const { return total_; }

 private:
  static constexpr size_t kFew = 8;

  bool take_pages(size_t want) {
    char* const pages = ring_pool() != nullptr ? ring_pool()->take_whole(want) : nullptr;
    if (pages == nullptr) return false;
    own_ = reinterpret_cast<iovec*>(pages);
    pages_ = want;
    return true;
  }

  iovec few_[kFew];
  iovec* own_ = few_;
  const iovec* iov_ = few_;
  size_t pages_ = 0;
  size_t total_ = 0;
  int error_ = 0;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_OWN_SEGMENTS_H_
