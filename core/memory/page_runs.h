// Pages for one message that may be longer than a run of pages: as iovecs. Given back at the end.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_MEMORY_PAGE_RUNS_H_
#define ANYSPLICE_CORE_MEMORY_PAGE_RUNS_H_

#include <algorithm>

#include "core/memory/iovec_room.h"

namespace anysplice {

class PageRuns {
 public:
  explicit PageRuns(size_t bytes) : room_((bytes + kPage - 1) / kPage) {
    if (ring_pool() == nullptr) return;
    while (size_ < bytes && count_ < room_.most()) {
      size_t got = 0;
      char* const run = ring_pool()->take((bytes - size_ + kPage - 1) / kPage, &got);
      if (run == nullptr) break;
      const size_t length = std::min(got * kPage, bytes - size_);
      room_.iov()[count_++] = {run, length};
      size_ += length;
    }
  }
  ~PageRuns() {
    for (int i = 0; i < count_; ++i) {
      const auto* const run = static_cast<char*>(room_.iov()[i].iov_base);
      ring_pool()->put(run, (room_.iov()[i].iov_len + kPage - 1) / kPage);
    }
  }
  PageRuns(const PageRuns&) = delete;
  PageRuns& operator=(const PageRuns&) = delete;

  const iovec* iov() { return room_.iov(); }
  int count() const { return count_; }
  // Less than was wanted if memory is short.
  size_t size() const { return size_; }

 private:
  IovecRoom room_;
  int count_ = 0;
  size_t size_ = 0;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_PAGE_RUNS_H_
