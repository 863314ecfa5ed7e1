// A ring of slots: the pipe buffers of one pipe, each a reference to a part of a page.
//
// Not thread-safe: the pipe's lock guards it; only bytes() and empty() may be asked without it, and
// tell what was so a moment ago. Every change of contents is published by one store (of a slot, of
// head_ or of tail_), so that a handler that jumps out of the middle leaves a ring whose bytes are
// right once repair() has counted them again.
//
// A slot's page may stand for memory of the program's (PagePool::origin). The ring's bytes are then
// of two kinds: as they are held (peek), and as they leave (leaving), which is in that memory: to
// be read by the system only, or by a guarded copy. Where it is gone, become_bytes() and go on.
#ifndef ANYSPLICE_CORE_MEMORY_RING_H_
#define ANYSPLICE_CORE_MEMORY_RING_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "core/memory/page_pool.h"

namespace anysplice {

class Ring {
 public:
  // A pipe buffer: `length` bytes from `offset` in page number `page` of the pool.
  struct Slot {
    uint32_t page;
    uint16_t offset;
    uint16_t length : 13;
    uint16_t may_merge : 1;  // a later write() may fill the rest of the page (pipe(7))
  };
  static_assert(sizeof(Slot) == sizeof(uint64_t));

  // `slots` has room for `capacity` (a power of two) and outlives the ring's use.
  void init(PagePool* pool, uint64_t* slots, uint32_t capacity);
  void repair();

  size_t bytes() const { return bytes_; }
  bool empty() const { return head_ == tail_; }
  uint32_t used() const { return tail_ - head_; }
  uint32_t free() const { return capacity_ > used() ? capacity_ - used() : 0; }
  uint32_t capacity() const { return capacity_; }
  uint64_t* slots() const { return slots_; }

  // Describes up to `length` bytes from the front; adjacent pages share an iovec. Returns the
  // number of iovecs and, in *described, the bytes they cover.
  int peek(size_t length, iovec* iov, size_t* described, int most = kMaxIov) const {
    return peek_at(0, length, iov, described, most);
  }
  // The same from `skip` bytes behind the front.
  int peek_at(size_t skip, size_t length, iovec* iov, size_t* described, int most = kMaxIov) const {
    return describe(As::kHeld, skip, length, iov, described, most);
  }
  // The same, of the bytes as they leave.
  int leaving(size_t length, iovec* iov, size_t* described, int most = kMaxIov) const {
    return leaving_at(0, length, iov, described, most);
  }
  int leaving_at(size_t skip, size_t length, iovec* iov, size_t* described, int most) const;
  // Whether they may differ.
  bool may_refer() const { return pool_->with_origin() != 0; }
  // Whether two stretches hold the same bytes, or one of them these.
  bool has(size_t at, const void* bytes, size_t length) const;
  bool equal(size_t a, size_t b, size_t length) const;
  // Takes a stretch out of the middle. Not for a ring that another process may find half-way.
  void erase(size_t at, size_t length);
  // The first slot's bytes, as held and as they leave; not to be called on an empty ring.
  iovec front() const;
  iovec front_leaving() const;
  // What is left of the slot that the byte `at` lies in, from there.
  size_t slot_length(size_t at) const;
  // The bytes of as many slots from the front as fit into `length` whole.
  size_t whole_slots(size_t length) const;
  // The bytes in the first so many slots.
  size_t bytes_in(uint32_t slots) const;
  // Drops bytes from the front, if there are so many.
  void consume(size_t length);

  // Free pages for up to `length` bytes of which the first lies at `offset` in its page (0..4095):
  // no more than there are free slots, nor than one run of pages. Nothing is in the ring until
  // commit(); cancel() gives the pages back. room.iov.iov_len is 0 if memory or slots are short.
  struct Room {
    iovec iov;
    size_t pages;
  };
  Room reserve(size_t length, size_t offset = 0);
  void commit(const Room& room, size_t length);
  // The same for bytes that came by write(2): a later write may fill up their last page.
  void commit_written(const Room& room, size_t length);
  void cancel(const Room& room);
  // What is free of the last page, for bytes that follow those of commit_written() in a stream of
  // bytes; and so many of them have come.
  iovec rest_of_last() const;
  void extend_last(size_t length);

  // Before commit(): the pages of the first `length` bytes stand for the program's memory at
  // `from`, which has the same offset in its page. They hold a copy of it, or nothing: then the
  // memory is permanent (lasting_memory.h).
  enum class Held { kCopy, kNothing };
  void refer(const Room& room, size_t length, const void* from, Held held);
  // Before commit(): the pages are what they hold, after all.
  void take_back(const Room& room);
  // Before commit(), and after refer() if they are referred to: notes what the pages are copies of,
  // from byte `at` of a call on, for the check (reuse.h).
  struct Watch {
    uint64_t call;
    uint64_t at;
    bool referred;
  };
  void watch(const Room& room, size_t length, const void* from, const Watch& watch);
  // Gives all slots that stand for memory pages of their own with what `copy` finds there, or,
  // where it finds nothing, with what is held. False if there are none. (copy_from_user,
  // user_memory.h)
  using Copy = ssize_t (*)(void* to, const void* from, size_t length);
  bool become_bytes(Copy copy);

  // Appends a copy of memory known to be readable, as write(2) would: into the last page if that
  // may merge, then into pages of its own. Returns the bytes taken.
  size_t append_copy(const void* data, size_t length);

  // Whether append_copy() would put the odd bytes of that length into the last page.
  bool would_merge(size_t length) const;
  // How much of so many bytes append_copy() would take.
  size_t room_for_write(size_t length) const;

  // Moves (splice) or links (tee) up to `length` bytes from the front of `from`, by reference,
  // where both rings draw on the same pool. Returns the bytes.
  size_t move_from(Ring& from, size_t length) { return transfer(from, length, true); }
  size_t link_from(Ring& from, size_t length) { return transfer(from, length, false); }

  // Moves every slot to another array of slots, of at least used() places.
  void rehouse(uint64_t* slots, uint32_t capacity);

 private:
  // A number that may be read without the lock, and whose store others see after all before it.
  // (Not std::atomic: rings lie in zeroed memory and are never constructed.)
  template <typename T>
  class Published {
   public:
    operator T() const { return __atomic_load_n(&value_, __ATOMIC_RELAXED); }
    Published& operator=(T value) {
      __atomic_store_n(&value_, value, __ATOMIC_RELEASE);
      return *this;
    }
    void operator+=(T more) { *this = *this + more; }
    void operator-=(T less) { *this = *this - less; }

   private:
    T value_{};
  };

  Slot slot(uint32_t at) const;
  void set_slot(uint32_t at, Slot slot);
  enum class As { kHeld, kLeaving };
  char* data(Slot slot) const { return pool_->page(slot.page) + slot.offset; }
  char* data_leaving(Slot slot) const;
  int describe(As as, size_t skip, size_t length, iovec* iov, size_t* described, int most) const;
  void push(Slot slot);
  size_t transfer(Ring& from, size_t length, bool consume);

  PagePool* pool_ = nullptr;
  uint64_t* slots_ = nullptr;
  Published<size_t> bytes_;
  uint32_t capacity_ = 0;
  Published<uint32_t> head_;  // both count without bound; the place is the number modulo capacity_
  Published<uint32_t> tail_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_MEMORY_RING_H_
