// The check for memory that is used again too early (ANYSPLICE_CHECK=reuse): what a vmsplice put
// into a ring is compared, when it leaves, with what it was at the call. Off, it costs a load.
//
// Every page that a vmsplice fills is watched: it has an origin, also where it does not stand for
// the program's memory (PagePool::kCopied), and a note of the call.
//
// Thread-safe. Async-signal-safe inside a CriticalSection.
#ifndef ANYSPLICE_CORE_MEMORY_REUSE_H_
#define ANYSPLICE_CORE_MEMORY_REUSE_H_

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include <atomic>

#include "core/memory/reuse_calls.h"
#include "core/memory/ring.h"

namespace anysplice::reuse {

extern std::atomic<bool> checking;
inline bool on() { return checking.load(std::memory_order_relaxed); }

// Turns the check on, when the engine is loaded; `copy` is copy_from_user (user_memory.h). False
// without memory for it.
bool start(Ring::Copy copy);

// A vmsplice into a pipe begins: its number, 0 if nobody checks.
inline uint64_t begin_call(int fd, const iovec* iov, size_t total, unsigned flags) {
  return on() ? record_call(fd, iov, total, flags) : 0;
}

// A part of a page of a ring is a copy of the program's memory at the same place in its page, which
// begins at byte `at` of a call.
struct Part {
  uint64_t call;
  uint64_t at;
  size_t offset;
  size_t length;
};
void watch(const char* page, const Part& part);
// The watched page `to` goes on for `from`, which its bytes have just been copied from. From here
// on what it holds may be newer than the call: what differs already is remembered.
void follow(const char* from, const char* to);
void note_difference(const char* page, uintptr_t origin);
// The same, of a part of the page only: `held` is where it is held.
void note_difference(const char* held, uintptr_t origin, size_t length);
// The memory of a watched page is gone.
void note_gone(const char* page, uintptr_t origin);

// How many bytes of a ring are watched.
size_t watched_bytes(const Ring& ring);

// Around something that takes bytes from a ring, before it takes them: looks at the stretch, and
// reports, when it is known how many have left, what was not as it was.
class Departure {
 public:
  Departure(const Ring& ring, size_t skip, size_t length, Way way) : way_(way) {
    if (on() && ring.may_refer()) [[unlikely]]
      look(ring, skip, length);
  }
  ~Departure();
  Departure(const Departure&) = delete;
  Departure& operator=(const Departure&) = delete;

  void left(size_t bytes) const {
    if (count_ != 0) [[unlikely]]
      report(bytes);
  }

 private:
  struct Difference;
  void look(const Ring& ring, size_t skip, size_t length);
  void look_at(const char* held, size_t length, size_t position);
  void report(size_t bytes) const;

  const Way way_;
  Difference* seen_ = nullptr;  // a page of the pool
  size_t count_ = 0;
};

}  // namespace anysplice::reuse

#endif  // ANYSPLICE_CORE_MEMORY_REUSE_H_
