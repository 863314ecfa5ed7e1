#include "core/memory/page_pool.h"

#include <algorithm>
#include <bit>
#include <initializer_list>

#include "core/base/placement.h"
#include "core/sys/free_pages.h"

namespace anysplice {
namespace {

constexpr size_t kWordBits = 64;
// Free pages that stay backed by memory, for what the next transfer will want warm; and another
// tenth of what is in use.
constexpr size_t kKeepWarm = 512;
constexpr int kWorthwhile = 8;

// The pages begin at one of the system's, in which memory is given back.
ANYSPLICE_AT_START size_t header_bytes(size_t pages) {
  const size_t raw = sizeof(PagePool) + pages / kWordBits * 2 * sizeof(uint64_t) +
                     pages * (sizeof(uintptr_t) + sizeof(uint32_t));
  const size_t unit = std::max(kPage, system_page());
  return (raw + unit - 1) / unit * unit;
}

// A mask of `run` bits from bit `at`.
uint64_t run_mask(size_t run, size_t at) {
  return (run == kWordBits ? ~uint64_t{0} : (uint64_t{1} << run) - 1) << at;
}

// Of the free pages of a word, what the system can have back: the backed ones, and the others of
// the system's pages that they are in.
uint64_t returnable(uint64_t free, uint64_t backed) {
  const size_t group = std::max<size_t>(system_page() / kPage, 1);
  uint64_t pages = 0;
  for (size_t at = 0; at + group <= kWordBits; at += group) {
    const uint64_t whole = run_mask(group, at);
    if ((free & whole) == whole && (backed & whole) != 0) pages |= whole;
  }
  return pages;
}

// The first run of up to `want` free bits; the longest there is if none is that long.
size_t find_run(uint64_t taken, size_t want, size_t* at) {
  size_t best = 0;
  for (size_t bit = 0; bit < kWordBits;) {
    const uint64_t rest = taken >> bit;
    const size_t skip = static_cast<size_t>(std::countr_one(rest));
    bit += skip;
    if (bit >= kWordBits) break;
    size_t run = static_cast<size_t>(std::countr_zero(taken >> bit));
    if (run > kWordBits - bit) run = kWordBits - bit;
    if (run >= want) {
      *at = bit;
      return want;
    }
    if (run > best) {
      best = run;
      *at = bit;
    }
    bit += run;
  }
  return best;
}

}  // namespace

size_t PagePool::bytes_for(size_t pages) { return header_bytes(pages) + pages * kPage; }

ANYSPLICE_AT_START PagePool* PagePool::create(void* memory, size_t pages) {
  char* at = static_cast<char*>(memory);
  PagePool* pool = reinterpret_cast<PagePool*>(at);
  pool->count_ = pages;
  pool->taken_ = reinterpret_cast<std::atomic<uint64_t>*>(at + sizeof(PagePool));
  pool->backed_ = pool->taken_ + pages / kWordBits;
  pool->origins_ = reinterpret_cast<std::atomic<uintptr_t>*>(pool->backed_ + pages / kWordBits);
  pool->refs_ = reinterpret_cast<std::atomic<uint32_t>*>(pool->origins_ + pages);
  pool->pages_ = at + header_bytes(pages);
  pool->most_chunks_ = 1;
  return pool;
}

// From the first chunk that has a run of at least so many. *chunks is how many there are, if none
// has.
char* PagePool::take_from_any(size_t want, size_t least, size_t* got, size_t* chunks) {
  PagePool* chunk = this;
  for (*chunks = 0; chunk != nullptr; ++*chunks) {
    if (char* run = chunk->take_here(want, least, got, *this); run != nullptr) return run;
    chunk = *chunks < kMostChunks - 1 ? more(*chunks) : nullptr;
  }
  return nullptr;
}

char* PagePool::take(size_t want, size_t* got) {
  if (want > kWordBits) want = kWordBits;
  for (;;) {
    size_t chunks = 0;
    // Two rounds: first for the whole run, then for whatever there is.
    for (const size_t least : {want, size_t{1}}) {
      if (char* run = take_from_any(want, least, got, &chunks); run != nullptr) return run;
    }
    if (chunks >= most_chunks_ || !grow(chunks)) return nullptr;
  }
}

char* PagePool::take_whole(size_t pages) {
  if (pages > kWordBits) return nullptr;
  for (;;) {
    size_t chunks = 0;
    size_t got;
    if (char* run = take_from_any(pages, pages, &got, &chunks); run != nullptr) return run;
    if (chunks >= most_chunks_ || !grow(chunks)) return nullptr;
  }
}

// Adds a chunk to so many. False if there is no memory.
bool PagePool::grow(size_t chunks) {
  const PagePool* last = chunks == 1 ? this : more(chunks - 2);
  const size_t before = last->first_number_ + last->count_;
  // Less if there is no room for as much again, and always whole words of bits.
  for (size_t pages = before; pages >= kWordBits; pages = pages / 2 / kWordBits * kWordBits) {
    void* memory = map_memory(bytes_for(pages), Sharing::kPrivate);
    if (memory == nullptr) continue;
    PagePool* fresh = create(memory, pages);
    fresh->first_number_ = before;
    PagePool* now = nullptr;
    if (!more_[chunks - 1].compare_exchange_strong(now, fresh, std::memory_order_acq_rel)) {
      unmap_memory(memory, bytes_for(pages));
    }
    return true;
  }
  return false;
}

char* PagePool::take_here(size_t want, size_t least, size_t* got, PagePool& all) {
  const size_t words = count_ / kWordBits;
  for (;;) {
    const size_t start = hint_.load(std::memory_order_relaxed);
    for (size_t word = start; word < words; ++word) {
      uint64_t taken = taken_[word].load(std::memory_order_relaxed);
      size_t at = 0;
      for (size_t run; (run = find_run(taken, want, &at)) >= least;) {
        if (!taken_[word].compare_exchange_weak(taken, taken | run_mask(run, at),
                                                std::memory_order_acquire,
                                                std::memory_order_relaxed)) {
          continue;
        }
        const size_t first = word * kWordBits + at;
        for (size_t i = 0; i < run; ++i) refs_[first + i].store(1, std::memory_order_relaxed);
        all.used_.fetch_add(run, std::memory_order_relaxed);
        const uint64_t mask = run_mask(run, at);
        const uint64_t fresh = mask & ~backed_[word].fetch_or(mask, std::memory_order_relaxed);
        all.backed_pages_.fetch_add(static_cast<size_t>(std::popcount(fresh)),
                                    std::memory_order_relaxed);
        if ((taken | run_mask(run, at)) == ~uint64_t{0} && word == start) {
          size_t expected = start;
          hint_.compare_exchange_strong(expected, start + 1, std::memory_order_relaxed);
        }
        *got = run;
        mark_taken(pages_ + first * kPage, run * kPage);
        return pages_ + first * kPage;
      }
    }
    // The hint may have run ahead of a page freed below it.
    if (least > 1 || start == 0) return nullptr;
    hint_.store(0, std::memory_order_relaxed);
  }
}

void PagePool::put(const void* data, size_t pages) {
  PagePool* const chunk = chunk_of(data);
  const size_t here = chunk->count_ - chunk->index(data);
  if (pages > here) [[unlikely]] {
    put(page(number(data) + static_cast<uint32_t>(here)), pages - here);
    pages = here;
  }
  chunk->put_here(data, pages, *this);
}

// One reference less. True if it was the last one: nobody else finds the page any more.
bool PagePool::drop(size_t page, size_t* origins) {
  if (refs_[page].fetch_sub(1, std::memory_order_acq_rel) != 1) return false;
  if (origins_[page].load(std::memory_order_relaxed) != 0) {
    origins_[page].store(0, std::memory_order_relaxed);
    ++*origins;
  }
  mark_free(pages_ + page * kPage, kPage);
  return true;
}

// What all threads change is changed once for a word of bits, not for each page.
void PagePool::put_here(const void* data, size_t pages, PagePool& all) {
  const size_t words = count_ / kWordBits;
  const size_t first = index(data);
  for (size_t page = first; page < first + pages;) {
    const size_t word = page / kWordBits;
    const size_t end = std::min((word + 1) * kWordBits, first + pages);
    uint64_t freed = 0;
    size_t origins = 0;
    for (; page < end; ++page) {
      if (drop(page, &origins)) freed |= uint64_t{1} << page % kWordBits;
    }
    if (freed == 0) continue;
    if (origins > 0) all.with_origin_.fetch_sub(origins);
    taken_[word].fetch_and(~freed, std::memory_order_release);
    size_t hint = hint_.load(std::memory_order_relaxed);
    while (hint > word && !hint_.compare_exchange_weak(hint, word, std::memory_order_relaxed)) {
    }
    const auto count = static_cast<size_t>(std::popcount(freed));
    const size_t used = all.used_.fetch_sub(count, std::memory_order_relaxed) - count;
    const size_t backed = all.backed_pages_.load(std::memory_order_relaxed);
    if (backed <= kKeepWarm + used + used / 10) continue;
    // Some words at a time, round and round.
    const size_t look = 4 * count;
    const size_t start = cursor_.fetch_add(look, std::memory_order_relaxed);
    give_back(word, all);
    for (size_t i = 0; i < std::min(look, words); ++i) give_back((start + i) % words, all);
  }
}

void PagePool::set_origin(const void* data, uintptr_t origin) {
  PagePool* const chunk = chunk_of(data);
  const size_t page = chunk->index(data);
  chunk->change_origin(page, chunk->origins_[page].load(std::memory_order_relaxed), origin, *this);
}

void PagePool::set_origins(const void* first, size_t pages, uintptr_t origin) {
  PagePool* const chunk = chunk_of(first);
  const size_t page = chunk->index(first);
  for (size_t i = 0; i < pages; ++i)
    chunk->origins_[page + i].store(origin + i * kPage, std::memory_order_release);
  with_origin_.fetch_add(pages);
}

bool PagePool::change_origin(size_t page, uintptr_t from, uintptr_t to, PagePool& all) {
  if (!origins_[page].compare_exchange_strong(from, to)) return false;
  if (from == 0 && to != 0) all.with_origin_.fetch_add(1);
  if (from != 0 && to == 0) all.with_origin_.fetch_sub(1);
  return true;
}

bool PagePool::get_if_used(size_t page) {
  uint32_t refs = refs_[page].load(std::memory_order_relaxed);
  while (refs != 0) {
    if (refs_[page].compare_exchange_weak(refs, refs + 1, std::memory_order_acquire)) return true;
  }
  return false;
}

void PagePool::give_back(size_t word, PagePool& all) {
  uint64_t taken = taken_[word].load(std::memory_order_relaxed);
  const uint64_t victims = returnable(~taken, backed_[word].load(std::memory_order_relaxed));
  // A few pages are not worth a system call; they go with their neighbours.
  if (std::popcount(victims) < kWorthwhile) return;
  // Claimed first, so that nobody takes a page whose bytes are about to go.
  if (!taken_[word].compare_exchange_strong(taken, ~uint64_t{0}, std::memory_order_acquire)) return;
  const uint64_t gone = victims & backed_[word].fetch_and(~victims, std::memory_order_relaxed);
  all.backed_pages_.fetch_sub(static_cast<size_t>(std::popcount(gone)), std::memory_order_relaxed);
  for (size_t at = 0; at < kWordBits;) {
    at += static_cast<size_t>(std::countr_zero(victims >> at));
    if (at >= kWordBits) break;
    const size_t run = static_cast<size_t>(std::countr_one(victims >> at));
    anysplice::give_back(pages_ + (word * kWordBits + at) * kPage, run * kPage);
    at += run;
  }
  taken_[word].fetch_and(taken, std::memory_order_release);
}

}  // namespace anysplice
