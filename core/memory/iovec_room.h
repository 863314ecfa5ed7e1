// Room for the iovecs of one call, off the stack if they are many: a signal handler may run on a
// small one.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_IOVEC_ROOM_H_
#define ANYSPLICE_CORE_MEMORY_IOVEC_ROOM_H_

#include <sys/uio.h>

#include "core/memory/ring.h"
#include "core/memory/ring_pool.h"

namespace anysplice {

class IovecRoom {
 public:
  explicit IovecRoom(size_t wanted) {
    if (wanted <= kFew || ring_pool() == nullptr) return;
    size_t pages = 0;
    if (char* page = ring_pool()->take(1, &pages); page != nullptr) {
      iov_ = reinterpret_cast<iovec*>(page);
      most_ = kMaxIov;
    }
  }
  ~IovecRoom() {
    if (iov_ != few_) ring_pool()->put(iov_);
  }
  IovecRoom(const IovecRoom&) = delete;
  IovecRoom& operator=(const IovecRoom&) = delete;

  iovec* iov() { return iov_; }
  // Less than what was wanted if there is no memory.
  int most() const { return most_; }

 private:
  // A pipe as it is made has 16 slots.
  static constexpr int kFew = 16 + 1;
  static_assert(kMaxIov * sizeof(iovec) <= kPage);

  iovec few_[kFew];
  iovec* iov_ = few_;
  int most_ = kFew;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_IOVEC_ROOM_H_
