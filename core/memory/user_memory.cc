#include "core/memory/user_memory.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <algorithm>

#include "core/memory/fault_guard.h"
#include "core/memory/reuse.h"
#include "core/sys/guarded_copy.h"
#include "core/sys/page.h"
#include "core/sys/system_copy.h"

namespace anysplice {
namespace {

bool readable(const void* from) {
  if (from == nullptr) return false;  // which some calls take for nothing at all
  if (fault_guard::active()) {
    uint64_t unused;
    return guarded_copy(&unused, from, sizeof(unused)) == sizeof(unused);
  }
  return system_copy::readable(from);
}

// A guarded copy's answer: bytes, or -EFAULT if there are none.
ssize_t guarded(size_t copied) { return copied > 0 ? static_cast<ssize_t>(copied) : -EFAULT; }

template <typename Offset>
int store(Offset* to, int64_t value) {
  const auto stored = static_cast<Offset>(value);
  if (fault_guard::active()) {
    return guarded_copy(to, &stored, sizeof(stored)) == sizeof(stored) ? 0 : -EFAULT;
  }
  if (to == nullptr || !system_copy::writable(to, sizeof(*to))) return -EFAULT;
  *to = stored;
  return 0;
}

}  // namespace

int load_offset(const int64_t* from, int64_t* value) {
  if (!readable(from)) return -EFAULT;
  *value = *from;
  return 0;
}

int load_offset(const int32_t* from, int64_t* value) {
  if (check_readable(from, sizeof(*from)) != 0) return -EFAULT;
  *value = *from;
  return 0;
}

int store_offset(int64_t* to, int64_t value) { return store(to, value); }
int store_offset(int32_t* to, int64_t value) { return store(to, value); }

int check_readable(const void* memory, size_t size) {
  constexpr uintptr_t kRead = sizeof(uint64_t);   // by readable(), and never across a page's end
  auto at = reinterpret_cast<uintptr_t>(memory);  // a program's word may point nowhere
  const uintptr_t end = at + size;
  if (end < at) return -EFAULT;
  for (; at < end; at += kPage - at % kPage) {
    if (!readable(reinterpret_cast<const void*>(at - at % kRead))) return -EFAULT;
  }
  return 0;
}

int check_segments(const iovec* iov, size_t count, size_t* total) {
  constexpr size_t kMost = 0x7ffff000;
  *total = 0;
  if (count > IOV_MAX) return -EINVAL;
  if (check_readable(iov, count * sizeof(iovec)) != 0) return -EFAULT;
  for (size_t i = 0; i < count; ++i) {
    if (static_cast<ssize_t>(iov[i].iov_len) < 0) return -EINVAL;
  }
  for (size_t i = 0; i < count; ++i) {
    // Addresses of the kernel's half are refused before anything moves. A program of 32 bits on a
    // kernel of 64 knows no such half.
    const auto base = reinterpret_cast<uintptr_t>(iov[i].iov_base);
    // A single segment is cut to what one call moves before it is looked at.
    const size_t length = count == 1 ? std::min(iov[i].iov_len, kMost) : iov[i].iov_len;
    if (sizeof(void*) > 4 && (base > INTPTR_MAX || base + length > INTPTR_MAX)) return -EFAULT;
    *total = std::min(*total + iov[i].iov_len, kMost);
  }
  return 0;
}

ssize_t copy_from_user(void* to, const void* from, size_t length) {
  if (length == 0) return 0;
  if (fault_guard::active()) return guarded(guarded_copy(to, from, length));
  const iovec ours{to, length};
  const iovec theirs{const_cast<void*>(from), length};
  return system_copy::from_program(&ours, 1, &theirs, 1);
}

ssize_t copy_to_user(void* to, const void* from, size_t length) {
  if (length == 0) return 0;
  if (fault_guard::active()) return guarded(guarded_copy(to, from, length));
  const iovec ours{const_cast<void*>(from), length};
  const iovec theirs{to, length};
  return system_copy::to_program(&ours, 1, &theirs, 1);
}

namespace {

// Segments that are filled one after the other.
struct Target {
  const iovec* iov;
  size_t count;
  size_t used;  // of iov[0]

  // As much of a piece of memory as they take, a page after the other as the kernel does, which
  // shows where they overlap. False at a bad address.
  bool take(const iovec& piece, size_t* moved) {
    for (*moved = 0; *moved < piece.iov_len && count > 0;) {
      char* const from = static_cast<char*>(piece.iov_base) + *moved;
      const size_t page = kPage - reinterpret_cast<uintptr_t>(from) % kPage;
      const size_t n = std::min({piece.iov_len - *moved, iov->iov_len - used, page});
      if (guarded_copy(static_cast<char*>(iov->iov_base) + used, from, n) < n) return false;
      *moved += n;
      used += n;
      if (used == iov->iov_len) {
        ++iov;
        --count;
        used = 0;
      }
    }
    return true;
  }
};

// Whether memory that a slot stands for is gone. (Else it is the target that is bad.)
bool any_gone(const iovec* slots, int count) {
  return std::any_of(slots, slots + count, [](const iovec& slot) {
    return check_readable(slot.iov_base, slot.iov_len) != 0;
  });
}

// As much of the next bytes as one round takes, of at most so many slots or neighbours in memory:
// all that the target has room for, or nothing at a bad address. Returns what was moved.
size_t copy_round(Ring& ring, Target& target, size_t most) {
  constexpr int kFew = 16;
  iovec slots[kFew];
  size_t described;
  const int pieces = ring.leaving(most, slots, &described, kFew);
  const reuse::Departure departure(ring, 0, described, reuse::Way::kRead);
  size_t done = 0;
  for (int i = 0; i < pieces; ++i) {
    size_t moved;
    if (!target.take(slots[i], &moved)) return 0;
    done += moved;
  }
  departure.left(done);
  ring.consume(done);
  return done;
}

// copy_out() by guarded copies; after a bad address slot by slot.
ssize_t copy_out_guarded(Ring& ring, const iovec* iov, size_t count) {
  size_t want = 0;
  for (size_t i = 0; i < count; ++i) want += std::min(iov[i].iov_len, ring.bytes());
  size_t done = 0;
  bool by_slot = false;
  for (Target target{iov, count, 0}; done < want && !ring.empty();) {
    const Target before = target;
    const size_t most = by_slot ? ring.front().iov_len : SIZE_MAX;
    const size_t moved = copy_round(ring, target, std::min(most, want - done));
    done += moved;
    if (moved > 0) continue;
    target = before;
    if (!by_slot) {
      by_slot = true;
      continue;
    }
    const iovec front = ring.front_leaving();
    if (any_gone(&front, 1) && ring.become_bytes(copy_from_user)) continue;
    return done > 0 ? static_cast<ssize_t>(done) : -EFAULT;
  }
  return static_cast<ssize_t>(done);
}

// copy_out() by the system, of as many iovecs as are worth their stack.
template <int kMost>
[[gnu::noinline]] ssize_t copy_out_by_system(Ring& ring, const iovec* iov, size_t count) {
  size_t length = 0;
  for (size_t i = 0; i < count; ++i) length += std::min(iov[i].iov_len, ring.bytes());
  iovec from[kMost];
  size_t described;
  int pieces = ring.leaving(length, from, &described, kMost);
  const reuse::Departure departure(ring, 0, described, reuse::Way::kRead);
  ssize_t n = system_copy::to_program(from, static_cast<size_t>(pieces), iov, count);
  if (n != static_cast<ssize_t>(described) && any_gone(from, pieces) &&
      ring.become_bytes(copy_from_user)) {
    pieces = ring.peek(length, from, &described, kMost);
    n = system_copy::to_program(from, static_cast<size_t>(pieces), iov, count);
  }
  if (n < 0) return n;
  // A segment went bad: the slot that was under way stays, what went before it goes.
  const size_t whole =
      static_cast<size_t>(n) == described ? described : ring.whole_slots(static_cast<size_t>(n));
  departure.left(whole);
  ring.consume(whole);
  return whole > 0 ? static_cast<ssize_t>(whole) : -EFAULT;
}

}  // namespace

ssize_t copy_out(Ring& ring, const iovec* iov, size_t count) {
  if (fault_guard::active()) return copy_out_guarded(ring, iov, count);
  constexpr int kFew = 16;  // slots of a pipe as it is made
  return ring.used() <= kFew ? copy_out_by_system<kFew>(ring, iov, count)
                             : copy_out_by_system<kMaxIov>(ring, iov, count);
}

}  // namespace anysplice
