#include "core/memory/ring.h"

#include <string.h>

#include <algorithm>
#include <bit>

namespace anysplice {

void Ring::init(PagePool* pool, uint64_t* slots, uint32_t capacity) {
  pool_ = pool;
  slots_ = slots;
  capacity_ = capacity;
  bytes_ = 0;
  head_ = tail_ = 0;
}

void Ring::repair() {
  bytes_ = 0;
  for (uint32_t at = head_; at != tail_; ++at) bytes_ += slot(at).length;
}

Ring::Slot Ring::slot(uint32_t at) const {
  return std::bit_cast<Slot>(slots_[at & (capacity_ - 1)]);
}

void Ring::set_slot(uint32_t at, Slot slot) {
  __atomic_store_n(&slots_[at & (capacity_ - 1)], std::bit_cast<uint64_t>(slot), __ATOMIC_RELEASE);
}

void Ring::push(Slot slot) {
  set_slot(tail_, slot);
  tail_ = tail_ + 1;
  bytes_ += slot.length;
}

int Ring::describe(As as, size_t skip, size_t length, iovec* iov, size_t* described,
                   int most) const {
  int count = 0;
  size_t total = 0;
  for (uint32_t at = head_; at != tail_ && total < length; ++at) {
    const Slot s = slot(at);
    if (skip >= s.length) {
      skip -= s.length;
      continue;
    }
    char* start = (as == As::kHeld ? data(s) : data_leaving(s)) + skip;
    const size_t n = std::min<size_t>(s.length - skip, length - total);
    skip = 0;
    if (count > 0 &&
        static_cast<char*>(iov[count - 1].iov_base) + iov[count - 1].iov_len == start) {
      iov[count - 1].iov_len += n;
    } else if (count == most) {
      break;
    } else {
      iov[count++] = {start, n};
    }
    total += n;
  }
  *described = total;
  return count;
}

bool Ring::has(size_t at, const void* bytes, size_t length) const {
  const char* expected = static_cast<const char*>(bytes);
  while (length > 0) {
    iovec part;
    size_t n;
    if (peek_at(at, length, &part, &n, 1) == 0) return false;
    if (memcmp(part.iov_base, expected, n) != 0) return false;
    at += n;
    expected += n;
    length -= n;
  }
  return true;
}

bool Ring::equal(size_t a, size_t b, size_t length) const {
  while (length > 0) {
    iovec part;
    size_t n;
    if (peek_at(a, length, &part, &n, 1) == 0 || !has(b, part.iov_base, n)) return false;
    a += n;
    b += n;
    length -= n;
  }
  return true;
}

void Ring::erase(size_t at, size_t length) {
  uint32_t to = head_;
  for (uint32_t from = head_; from != tail_; ++from) {
    Slot s = slot(from);
    const size_t skip = std::min<size_t>(at, s.length);
    const size_t cut = std::min<size_t>(length, s.length - skip);
    at -= skip;
    length -= cut;
    bytes_ -= cut;
    Slot before = s;
    before.length = static_cast<uint16_t>(skip & 0x1fff);
    Slot after = s;
    after.offset = static_cast<uint16_t>(s.offset + skip + cut);
    after.length = static_cast<uint16_t>((s.length - skip - cut) & 0x1fff);
    if (cut == 0) {
      set_slot(to++, s);
    } else if (before.length > 0 && after.length > 0) {
      // A hole inside one slot: the rest moves down in its page.
      memmove(data(before) + before.length, data(after), after.length);
      before.length = static_cast<uint16_t>((before.length + after.length) & 0x1fff);
      set_slot(to++, before);
    } else if (before.length > 0) {
      set_slot(to++, before);
    } else if (after.length > 0) {
      set_slot(to++, after);
    } else {
      pool_->put(pool_->page(s.page));
    }
  }
  tail_ = to;
}

iovec Ring::front() const {
  const Slot first = slot(head_);
  return {data(first), first.length};
}

size_t Ring::slot_length(size_t at) const {
  for (uint32_t i = head_; i != tail_; ++i) {
    const Slot s = slot(i);
    if (at < s.length) return s.length - at;
    at -= s.length;
  }
  return 0;
}

size_t Ring::whole_slots(size_t length) const {
  size_t bytes = 0;
  for (uint32_t at = head_; at != tail_ && bytes + slot(at).length <= length; ++at) {
    bytes += slot(at).length;
  }
  return bytes;
}

size_t Ring::bytes_in(uint32_t slots) const {
  size_t bytes = 0;
  for (uint32_t at = head_; at != tail_ && at - head_ < slots; ++at) bytes += slot(at).length;
  return bytes;
}

void Ring::consume(size_t length) {
  // In the child of a handler that forked in the middle of a call all of it is gone already.
  length = std::min<size_t>(length, bytes_);
  bytes_ -= length;
  while (length > 0) {
    Slot s = slot(head_);
    if (length < s.length) {
      s.offset = static_cast<uint16_t>(s.offset + length);
      s.length = static_cast<uint16_t>((s.length - length) & 0x1fff);
      set_slot(head_, s);
      return;
    }
    const uint32_t first = s.page;
    uint32_t pages = 0;
    for (; s.page == first + pages && s.length <= length; s = slot(head_)) {
      length -= s.length;
      ++pages;
      head_ = head_ + 1;
      if (head_ == tail_ || length == 0) break;
    }
    pool_->put(pool_->page(first), pages);
  }
}

Ring::Room Ring::reserve(size_t length, size_t offset) {
  Room room{{nullptr, 0}, 0};
  const size_t pages = std::min<size_t>((offset + length + kPage - 1) / kPage, free());
  if (pages == 0) return room;
  char* first = pool_->take(pages, &room.pages);
  if (first == nullptr) return Room{{nullptr, 0}, 0};
  room.iov = {first + offset, std::min(length, room.pages * kPage - offset)};
  return room;
}

void Ring::commit(const Room& room, size_t length) {
  if (room.pages == 0) return;
  uint32_t page = pool_->number(room.iov.iov_base);
  size_t offset = static_cast<size_t>(static_cast<char*>(room.iov.iov_base) - pool_->page(page));
  const uint32_t end = page + static_cast<uint32_t>(room.pages);
  for (; length > 0; ++page, offset = 0) {
    const size_t n = std::min(length, kPage - offset);
    push({page, static_cast<uint16_t>(offset), static_cast<uint16_t>(n & 0x1fff), 0});
    length -= n;
  }
  if (page < end) pool_->put(pool_->page(page), end - page);
}

void Ring::commit_written(const Room& room, size_t length) {
  commit(room, length);
  if (length == 0) return;
  Slot last = slot(tail_ - 1);
  last.may_merge = 1;
  set_slot(tail_ - 1, last);
}

void Ring::cancel(const Room& room) { commit(room, 0); }

iovec Ring::rest_of_last() const {
  if (empty()) return {nullptr, 0};
  const Slot last = slot(tail_ - 1);
  if (!last.may_merge) return {nullptr, 0};
  return {data(last) + last.length, kPage - last.offset - last.length};
}

void Ring::extend_last(size_t length) {
  Slot last = slot(tail_ - 1);
  last.length = static_cast<uint16_t>((last.length + length) & 0x1fff);
  set_slot(tail_ - 1, last);
  bytes_ += length;
}

bool Ring::would_merge(size_t length) const {
  const size_t odd = length % kPage;
  if (odd == 0 || empty()) return false;
  const Slot last = slot(tail_ - 1);
  return last.may_merge && last.offset + last.length + odd <= kPage;
}

size_t Ring::room_for_write(size_t length) const {
  const size_t merged = would_merge(length) ? length % kPage : 0;
  return merged + std::min(length - merged, free() * kPage);
}

size_t Ring::append_copy(const void* from, size_t length) {
  const char* src = static_cast<const char*>(from);
  size_t done = 0;
  // write(2) on a pipe fills up the last page only with what makes the rest whole pages.
  if (would_merge(length)) {
    done = length % kPage;
    memcpy(rest_of_last().iov_base, src, done);
    extend_last(done);
  }
  while (done < length) {
    const Room room = reserve(length - done);
    if (room.iov.iov_len == 0) break;
    memcpy(room.iov.iov_base, src + done, room.iov.iov_len);
    commit_written(room, room.iov.iov_len);
    done += room.iov.iov_len;
  }
  return done;
}

size_t Ring::transfer(Ring& from, size_t length, bool consume) {
  size_t done = 0;
  for (uint32_t at = from.head_; at != from.tail_ && done < length && free() > 0;) {
    Slot s = from.slot(at);
    const size_t n = std::min<size_t>(s.length, length - done);
    // Of two references to a page only the older one takes more writes.
    Slot mine = s;
    mine.length = static_cast<uint16_t>(n & 0x1fff);
    if (!consume || n < s.length) {
      mine.may_merge = 0;
      pool_->get(pool_->page(s.page));
    }
    push(mine);
    done += n;
    if (consume) {
      from.bytes_ -= n;
      if (n < s.length) {
        s.offset = static_cast<uint16_t>(s.offset + n);
        s.length = static_cast<uint16_t>((s.length - n) & 0x1fff);
        from.set_slot(at, s);
        break;
      }
      from.head_ = ++at;
    } else {
      ++at;
    }
  }
  return done;
}

void Ring::rehouse(uint64_t* slots, uint32_t capacity) {
  for (uint32_t at = head_; at != tail_; ++at)
    slots[at & (capacity - 1)] = slots_[at & (capacity_ - 1)];
  slots_ = slots;
  capacity_ = capacity;
}

}  // namespace anysplice
