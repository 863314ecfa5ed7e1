// Pages of memory with reference counts: where the bytes of rings live.
//
// One mapping holds the bookkeeping and the pages; a pool may get more mappings, its chunks, each a
// pool of its own whose pages are numbered behind those of the chunks before. Allocation prefers
// the lowest free pages, so that the same few stay hot in the cache, and contiguous ones, so that
// one iovec covers many.
//
// Thread-safe, lock-free and async-signal-safe.
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
  // Makes a pool in zeroed private memory of bytes_for(pages), from a page of the system's on.
  static PagePool* create(void* memory, size_t pages);

  // From now on the pool gets another chunk whenever it is full, as large as all
  // before it, until it has so many.
  static constexpr size_t kMostChunks = 11;
  void grow_up_to(size_t chunks) { most_chunks_ = chunks; }

  // Takes up to want contiguous pages, each with one reference; *got says how many (at least 1).
  // Null when nothing is free.
  char* take(size_t want, size_t* got);

  uint32_t number(const void* data) const {
    const PagePool* chunk = chunk_of(data);
    return static_cast<uint32_t>(chunk->first_number_ + chunk->index(data));
  }
  char* page(uint32_t number) const {
    const PagePool* chunk = this;
    for (size_t i = 0; number - chunk->first_number_ >= chunk->count_; ++i) chunk = more(i);
    return chunk->pages_ + (number - chunk->first_number_) * kPage;
  }
  // One more, one less reference to the page that holds data.
  void get(const void* data) {
    PagePool* chunk = chunk_of(data);
    chunk->refs_[chunk->index(data)].fetch_add(1, std::memory_order_relaxed);
  }
  void put(const void* data) { chunk_of(data)->put_here(data, *this); }

  // Pages with references.
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  char* take_here(size_t want, size_t least, size_t* got, PagePool& all);
  void put_here(const void* data, PagePool& all);
  bool grow(size_t chunks);
  void give_back(size_t word, PagePool& all);
  PagePool* more(size_t i) const { return more_[i].load(std::memory_order_acquire); }
  bool has(const void* data) const {
    const auto* byte = static_cast<const char*>(data);
    return byte >= pages_ && byte < pages_ + count_ * kPage;
  }
  const PagePool* chunk_of(const void* data) const {
    const PagePool* chunk = this;
    for (size_t i = 0; !chunk->has(data); ++i) chunk = more(i);
    return chunk;
  }
  PagePool* chunk_of(const void* data) {
    return const_cast<PagePool*>(static_cast<const PagePool*>(this)->chunk_of(data));
  }
  size_t index(const void* data) const {
    return static_cast<size_t>(static_cast<const char*>(data) - pages_) / kPage;
  }

  size_t count_;
  std::atomic<size_t> hint_;          // no word below it had a free page when last looked at
  std::atomic<size_t> used_;          // of all chunks
  std::atomic<size_t> backed_pages_;  // of all chunks: pages that may be backed by memory
  std::atomic<size_t> cursor_;        // where put() looks next for free words to give back
  std::atomic<uint64_t>* taken_;      // one bit a page
  std::atomic<uint32_t>* refs_;
  std::atomic<uint64_t>* backed_;  // one bit a page
  char* pages_;
  size_t first_number_;
  size_t most_chunks_;  // this one included
  std::atomic<PagePool*> more_[kMostChunks - 1];
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_PAGE_POOL_H_
