// Pages of memory with reference counts: where the bytes of rings live.
//
// One mapping holds the bookkeeping and the pages. Allocation prefers the lowest free pages, so
// that the same few stay hot in the cache, and contiguous ones, so that one iovec covers many.
// Lock-free, async-signal-safe, and shared between forked processes if the mapping is.
#ifndef ANYSPLICE_CORE_MEMORY_PAGE_POOL_H_
#define ANYSPLICE_CORE_MEMORY_PAGE_POOL_H_

#include <stddef.h>
#include <stdint.h>

#include <atomic>

#include "core/sys/memory.h"
#include "core/sys/page.h"

namespace anysplice {

class PagePool {
 public:
  // Memory needed for a pool of that many pages (a multiple of 64).
  static size_t bytes_for(size_t pages);
  // Makes a pool in memory of bytes_for(pages), from a page of the system's on, that map_memory()
  // gave with that sharing.
  static PagePool* create(void* memory, size_t pages, Sharing sharing);

  // Takes up to want contiguous pages, each with one reference; *got says how many (at least 1).
  // Null when nothing is free.
  char* take(size_t want, size_t* got);

  uint32_t number(const void* data) const { return static_cast<uint32_t>(index(data)); }
  char* page(uint32_t number) const { return pages_ + number * kPage; }
  // One more, one less reference to the page that holds data.
  void get(const void* data) { refs_[index(data)].fetch_add(1, std::memory_order_relaxed); }
  void put(const void* data);

  // Pages with references, give or take those of processes that died in the middle.
  size_t used() const { return used_.load(std::memory_order_relaxed); }
  // Frees what only a process that died referred to: forgets all references, then is told each that
  // there is, then frees the rest. Nobody else may use the pool meanwhile.
  void forget_references();
  void count_reference(uint32_t number) { refs_[number].fetch_add(1, std::memory_order_relaxed); }
  void free_unreferenced();

 private:
  void give_back(size_t word);
  size_t index(const void* data) const {
    return static_cast<size_t>(static_cast<const char*>(data) - pages_) / kPage;
  }

  size_t count_;
  Sharing sharing_;
  std::atomic<size_t> hint_;  // no word below it had a free page when last looked at
  std::atomic<size_t> used_;
  std::atomic<size_t> backed_pages_;  // pages that may be backed by memory
  std::atomic<size_t> cursor_;        // where put() looks next for free words to give back
  std::atomic<uint64_t>* taken_;      // one bit a page
  std::atomic<uint32_t>* refs_;
  std::atomic<uint64_t>* backed_;  // one bit a page
  char* pages_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_PAGE_POOL_H_
