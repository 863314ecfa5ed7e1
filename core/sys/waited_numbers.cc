#include "core/sys/waited_numbers.h"

#include "core/base/keep_errno.h"
#include "core/base/placement.h"
#include "core/sys/sys.h"
#include "core/sys/thread.h"

namespace anysplice::waited_numbers {
namespace {

// Calls of more threads at once do without.
constexpr int kPlaces = 64;
ANYSPLICE_SELDOM constinit Place places[kPlaces]{};

// Of what may be busy. Its maker is between two system calls, or was stopped there.
int settled(const Number& number) {
  constexpr int kPatience = 100;
  const KeepErrno keep;
  int fd = number.fd.load(std::memory_order_seq_cst);
  for (int i = 0; i < kPatience && fd == Number::kBusy; ++i) {
    sys->poll(nullptr, 0, 1);
    fd = number.fd.load(std::memory_order_seq_cst);
  }
  return fd;
}

void set(Number& number, int fd) {
  number.kept = -1;
  number.fd.store(fd, std::memory_order_seq_cst);
}

void close_kept(Number& number) {
  const KeepErrno keep;
  if (number.kept >= 0) sys->close(number.kept);
  set(number, Number::kNone);
}

Place* free_place(uint32_t thread) {
  for (Place& place : places) {
    uint32_t nobody = 0;
    if (place.thread.compare_exchange_strong(nobody, thread, std::memory_order_seq_cst)) {
      waits.fetch_add(1, std::memory_order_seq_cst);
      return &place;
    }
  }
  return nullptr;
}

}  // namespace

Number* claim(int fd) {
  const uint32_t own = thread::number();
  for (Place& place : places) {
    const uint32_t whose = place.thread.load(std::memory_order_seq_cst);
    if (whose == 0 || whose == own || place.interrupted.load(std::memory_order_seq_cst)) continue;
    for (Number& number : place.ends) {
      int expected = fd;
      if (number.fd.load(std::memory_order_seq_cst) == fd && thread::lives(place.id) &&
          number.fd.compare_exchange_strong(expected, Number::kBusy, std::memory_order_seq_cst)) {
        return &number;
      }
    }
  }
  return nullptr;
}

void keep(Number* number, int fd, int kept) {
  if (kept < 0) {
    number->fd.store(fd, std::memory_order_seq_cst);
    return;
  }
  // One that was kept before is what is being closed: by whoever closes all numbers.
  number->kept = kept;
  number->fd.store(Number::kKept, std::memory_order_seq_cst);
}

void Wait::begin(int in, int out) {
  if (place_ != nullptr) return;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  const uint32_t own = thread::number();
  Place* place = current;
  if (place != nullptr && place->thread.load(std::memory_order_relaxed) == own &&
      place->frame <= here) {
    // Of a call that was left by a jump.
    for (Number& number : place->ends) close_kept(number);
  } else {
    outer_ = place;
    place = free_place(own);
    if (place == nullptr) return;
  }
  place->id = thread::id();
  place->frame = here;
  set(place->ends[0], in);
  set(place->ends[1], out);
  place->interrupted.store(false, std::memory_order_seq_cst);
  place_ = current = place;
}

int Wait::kept(int end) {
  if (place_ == nullptr) return -1;
  Number& number = place_->ends[end];
  if (settled(number) != Number::kKept) return -1;
  number.fd.store(number.kept, std::memory_order_seq_cst);
  return number.kept;
}

void Wait::end() {
  current = outer_;
  // In the child of a handler that forked it is nobody's any more.
  if (place_->thread.load(std::memory_order_seq_cst) != thread::number()) return;
  for (Number& number : place_->ends) {
    settled(number);
    close_kept(number);
  }
  place_->thread.store(0, std::memory_order_seq_cst);
  waits.fetch_sub(1, std::memory_order_seq_cst);
}

void become_child() {
  for (Place& place : places) {
    if (place.thread.load(std::memory_order_relaxed) == 0) continue;
    for (Number& number : place.ends) close_kept(number);
    place.thread.store(0, std::memory_order_relaxed);
  }
  waits.store(0, std::memory_order_relaxed);
  current = nullptr;
}

}  // namespace anysplice::waited_numbers
