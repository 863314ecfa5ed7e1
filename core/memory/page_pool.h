// Pages of memory with reference counts: where the bytes of rings live.
//
// One mapping holds the bookkeeping and the pages; a pool may get more mappings, its chunks, each a
// pool of its own whose pages are numbered behind those of the chunks before. Allocation prefers
// the lowest free pages, so that the same few stay hot in the cache, and contiguous ones, so that
// one iovec covers many.
//
// A page may stand for a page of the program's memory: its origin. What it holds is then what that
// memory held once; what it means is what the memory holds now (references.h).
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
  // So many in a row (64 at most), where need be of a fresh chunk; null if they are not to be had.
  char* take_whole(size_t pages);

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
  void put(const void* data) { put(data, 1); }
  // One less to each of so many pages, numbered from the one that holds data on.
  void put(const void* data, size_t pages);

  // The address of the program's page that a page stands for, 0 for none: it goes with the last
  // reference to the page. Suspended, the page means what it holds; copied, it does so for good,
  // and its origin is known for the check's sake only (reuse.h). Empty, it holds nothing yet.
  static constexpr uintptr_t kSuspended = 1;
  static constexpr uintptr_t kCopied = 2;  // with kSuspended
  static constexpr uintptr_t kEmpty = 4;   // without
  static constexpr uintptr_t kFlags = kSuspended | kCopied | kEmpty;
  void set_origin(const void* data, uintptr_t origin);
  // Of so many pages that were taken together and have none yet: from origin on, one behind the
  // other.
  void set_origins(const void* first, size_t pages, uintptr_t origin);
  uintptr_t origin(const void* data) const {
    const PagePool* chunk = chunk_of(data);
    return chunk->origins_[chunk->index(data)].load(std::memory_order_relaxed);
  }
  // Pages with an origin.
  size_t with_origin() const { return with_origin_.load(std::memory_order_relaxed); }
  // Gives each of them to `see`, as (page, origin): what that returns is the new origin, unless
  // another thread was faster. The page has a reference more meanwhile.
  template <typename See>
  void each_origin(See see) {
    PagePool* chunk = this;
    for (size_t chunks = 0; chunk != nullptr; ++chunks) {
      for (size_t word = 0; word < chunk->count_ / 64; ++word) {
        uint64_t taken = chunk->taken_[word].load(std::memory_order_acquire);
        for (; taken != 0; taken &= taken - 1) {
          const size_t index = word * 64 + static_cast<size_t>(__builtin_ctzll(taken));
          if (chunk->origins_[index].load(std::memory_order_relaxed) == 0) continue;
          if (chunk->get_if_used(index)) chunk->see_origin(index, see, *this);
        }
      }
      chunk = chunks < kMostChunks - 1 ? more(chunks) : nullptr;
    }
  }

  // Pages with references.
  size_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  char* take_from_any(size_t want, size_t least, size_t* got, size_t* chunks);
  char* take_here(size_t want, size_t least, size_t* got, PagePool& all);
  void put_here(const void* data, size_t pages, PagePool& all);
  bool drop(size_t index, size_t* origins);
  bool grow(size_t chunks);
  void give_back(size_t word, PagePool& all);
  bool get_if_used(size_t index);
  bool change_origin(size_t index, uintptr_t from, uintptr_t to, PagePool& all);
  template <typename See>
  void see_origin(size_t index, See see, PagePool& all) {
    char* const page = pages_ + index * kPage;
    const uintptr_t origin = origins_[index].load(std::memory_order_acquire);
    if (origin != 0) {
      if (const uintptr_t to = see(page, origin); to != origin)
        change_origin(index, origin, to, all);
    }
    put_here(page, 1, all);
  }
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
  std::atomic<size_t> with_origin_;   // of all chunks
  std::atomic<uint64_t>* taken_;      // one bit a page
  std::atomic<uintptr_t>* origins_;
  std::atomic<uint32_t>* refs_;
  std::atomic<uint64_t>* backed_;  // one bit a page
  char* pages_;
  size_t first_number_;
  size_t most_chunks_;  // this one included
  std::atomic<PagePool*> more_[kMostChunks - 1];
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_PAGE_POOL_H_
