#include "core/memory/reuse.h"

#include <string.h>

#include <algorithm>

#include "core/memory/ring_pool.h"
#include "core/sys/memory.h"

namespace anysplice::reuse {

std::atomic<bool> checking;

namespace {

// What is known to differ in a page: one word, so that it can be read while another thread, whose
// ring has the page too, writes it.
struct Mark {
  uint64_t there : 1 = 0;
  uint64_t gone : 1 = 0;
  uint64_t first : 12 = 0;  // in the page
  uint64_t count : 13 = 0;
  uint64_t was : 8 = 0;
  uint64_t is : 8 = 0;
};
static_assert(sizeof(Mark) == sizeof(uint64_t));

struct Watched {
  std::atomic<uint64_t> call;
  std::atomic<uint64_t> at;
  std::atomic<uint32_t> part;  // offset, and length above it
  std::atomic<Mark> mark;
};

constexpr size_t kMostPages = size_t{256} << (PagePool::kMostChunks - 1);

Watched* watched;
Ring::Copy copy_from_user;

Watched* watched_page(const char* page) {
  const size_t number = ring_pool()->number(page);
  return number < kMostPages ? &watched[number] : nullptr;
}

size_t offset_of(const Watched& page) { return page.part & 0xffff; }
size_t length_of(const Watched& page) { return page.part >> 16; }

// What differs between a part of a page, as it is held, and the memory that it is from.
Mark compare(const char* held, uintptr_t memory, size_t length) {
  const auto offset = reinterpret_cast<uintptr_t>(held) % kPage;
  Mark mark;
  char now[512];
  for (size_t at = 0; at < length;) {
    const size_t want = std::min(length - at, sizeof(now));
    const ssize_t got = copy_from_user(now, reinterpret_cast<const char*>(memory) + at, want);
    if (got == -ENOSYS) return mark;
    const size_t n = got > 0 ? static_cast<size_t>(got) : 0;
    const bool same = memcmp(now, held + at, n) == 0;
    for (size_t i = 0; i < n && !same; ++i) {
      if (now[i] == held[at + i]) continue;
      if (mark.there == 0) {
        mark.there = 1;
        mark.first = (offset + at + i) & 0xfff;
        mark.was = static_cast<uint8_t>(held[at + i]);
        mark.is = static_cast<uint8_t>(now[i]);
      }
      mark.count = (mark.count + 1) & 0x1fff;
    }
    at += n;
    if (n == want) continue;
    if (mark.there == 0) {
      mark = {.there = 1, .gone = 1, .first = (offset + at) & 0xfff, .was = uint8_t(held[at])};
      mark.count = (length - at) & 0x1fff;
    }
    break;
  }
  return mark;
}

// Gives `see` what is held of a stretch, page by page, and its position there.
template <typename See>
void each_piece(const Ring& ring, size_t skip, size_t length, See see) {
  constexpr int kFew = 8;
  for (size_t position = 0; position < length;) {
    iovec iov[kFew];
    size_t described;
    const int count = ring.peek_at(skip + position, length - position, iov, &described, kFew);
    if (described == 0) break;
    for (int i = 0; i < count; ++i) {
      const char* at = static_cast<const char*>(iov[i].iov_base);
      for (size_t left = iov[i].iov_len; left > 0;) {
        const size_t n = std::min(left, kPage - reinterpret_cast<uintptr_t>(at) % kPage);
        see(at, n, position);
        at += n;
        left -= n;
        position += n;
      }
    }
  }
}

}  // namespace

bool start(Ring::Copy copy) {
  copy_from_user = copy;
  watched = static_cast<Watched*>(map_memory(kMostPages * sizeof(Watched), Sharing::kPrivate));
  if (watched == nullptr || !prepare_calls() || !prepare_findings()) return false;
  checking.store(true, std::memory_order_release);
  return true;
}

void watch(const char* page, const Part& part) {
  Watched* const place = watched_page(page);
  if (place == nullptr) return;
  place->at = part.at;
  place->part = static_cast<uint32_t>(part.length << 16 | part.offset);
  place->mark = Mark{};
  place->call = part.call;
}

void follow(const char* from, const char* to) {
  Watched* const before = watched_page(from);
  Watched* const after = watched_page(to);
  if (before == nullptr || after == nullptr) return;
  after->at = before->at.load();
  after->part = before->part.load();
  after->mark = before->mark.load();
  after->call = before->call.load();
}

void note_difference(const char* page, uintptr_t origin) {
  const Watched* const place = watched_page(page);
  if (place != nullptr) note_difference(page + offset_of(*place), origin, length_of(*place));
}

void note_difference(const char* held, uintptr_t origin, size_t length) {
  Watched* const place = watched_page(held);
  if (place == nullptr || place->mark.load().there != 0) return;
  const auto offset = reinterpret_cast<uintptr_t>(held) % kPage;
  place->mark = compare(held, (origin & ~PagePool::kFlags) + offset, length);
}

void note_gone(const char* page, uintptr_t origin) {
  const Watched* const place = watched_page(page);
  if (place == nullptr) return;
  const uintptr_t memory = origin & ~PagePool::kFlags;
  const size_t offset = offset_of(*place);
  const Mark mark = place->mark;
  if (mark.there != 0 && mark.gone == 0) {
    report({place->call, What::kChanged, Way::kWaiting, place->at + mark.first - offset,
            memory + mark.first, mark.count, static_cast<uint8_t>(mark.was),
            static_cast<uint8_t>(mark.is)});
  }
  report({place->call, What::kGone, Way::kWaiting, place->at, memory + offset, length_of(*place),
          static_cast<uint8_t>(page[offset]), 0});
}

size_t watched_bytes(const Ring& ring) {
  size_t bytes = 0;
  each_piece(ring, 0, ring.bytes(), [&](const char* held, size_t n, size_t) {
    if (ring_pool()->origin(held) != 0) bytes += n;
  });
  return bytes;
}

struct Departure::Difference {
  size_t position;  // among the bytes that are about to leave
  Report report;
};

Departure::~Departure() {
  if (seen_ != nullptr) ring_pool()->put(seen_);
}

void Departure::look_at(const char* held, size_t length, size_t position) {
  const PagePool* const pool = ring_pool();
  const uintptr_t origin = pool->origin(held);
  Watched* const place = origin != 0 ? watched_page(held) : nullptr;
  if (place == nullptr || place->call == 0) return;
  const auto offset = reinterpret_cast<uintptr_t>(held) % kPage;
  const uintptr_t memory = origin & ~PagePool::kFlags;
  Mark mark = place->mark;
  if (mark.there != 0 && mark.first >= offset) {
    mark.count = std::min<size_t>(mark.count, length) & 0x1fff;
    if (mark.first >= offset + length) return;
  } else if ((origin & PagePool::kSuspended) != 0 && mark.there != 0) {
    return;  // what differed has left
  } else {
    mark = compare(held, memory + offset, length);
    if (mark.there == 0) return;
  }
  const What what = mark.gone != 0 ? What::kGone : What::kChanged;
  if (count_ > 0) {
    Report& last = seen_[count_ - 1].report;
    if (last.call == place->call && last.what == what) {
      last.bytes += mark.count;
      return;
    }
  }
  if (seen_ == nullptr) {
    size_t got;
    seen_ = reinterpret_cast<Difference*>(ring_pool()->take(1, &got));
  }
  if (seen_ == nullptr || count_ == kPage / sizeof(Difference)) return;
  seen_[count_++] = {
      position + mark.first - offset,
      {place->call, what, way_, place->at + mark.first - offset_of(*place), memory + mark.first,
       mark.count, static_cast<uint8_t>(mark.was), static_cast<uint8_t>(mark.is)}};
}

void Departure::look(const Ring& ring, size_t skip, size_t length) {
  each_piece(ring, skip, length,
             [this](const char* held, size_t n, size_t position) { look_at(held, n, position); });
}

void Departure::report(size_t bytes) const {
  for (size_t i = 0; i < count_; ++i) {
    if (seen_[i].position >= bytes) continue;
    Report one = seen_[i].report;
    one.bytes = std::min(one.bytes, bytes - seen_[i].position);
    reuse::report(one);
  }
}

}  // namespace anysplice::reuse
