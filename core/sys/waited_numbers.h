// Numbers of descriptors that calls of this process wait on. The kernel's call goes on with what it
// was given, whatever becomes of its number meanwhile. So whoever is about to close such a number,
// or to make it name something else, first makes a second one of it, for the call.
//
// A thread whose handler has interrupted its wait waits no more, for all that is known: the handler
// may leave by longjmp. Nor does one that is gone (cancelled).
//
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_WAITED_NUMBERS_H_
#define ANYSPLICE_CORE_SYS_WAITED_NUMBERS_H_

#include <stdint.h>

#include <atomic>

namespace anysplice::waited_numbers {

// One of the two of a wait.
struct Number {
  static constexpr int kNone = -1;
  static constexpr int kBusy = -2;  // somebody is making the second one
  static constexpr int kKept = -3;  // `kept` takes its place

  std::atomic<int> fd;
  int kept;  // -1: nothing
};

struct Place {
  std::atomic<uint32_t> thread;  // whose it is (thread::number()), 0: nobody's
  int id;                        // that thread's (thread::id())
  uintptr_t frame;               // where on its stack
  std::atomic<bool> interrupted;
  Number ends[2];
};

// This thread's wait; null: none.
inline constinit thread_local Place* current = nullptr;
inline constinit std::atomic<uint32_t> waits{0};
inline bool any() { return waits.load(std::memory_order_seq_cst) != 0; }

// Another thread's wait on that number, to be answered by keep(). Null: none, or no more.
Number* claim(int fd);
// The wait on `fd` goes on with `kept`; -1: none could be had.
void keep(Number* number, int fd, int kept);

// Around a handler: what interrupts() returned goes into goes_on().
inline Place* interrupts() {
  if (current != nullptr) current->interrupted.store(true, std::memory_order_seq_cst);
  return current;
}
inline void goes_on(Place* place) {
  current = place;
  if (place != nullptr) place->interrupted.store(false, std::memory_order_seq_cst);
}

// A call, from its first wait on.
class Wait {
 public:
  Wait() = default;
  // Closes what was kept.
  ~Wait() {
    if (place_ != nullptr) [[unlikely]]
      end();
  }
  Wait(const Wait&) = delete;
  Wait& operator=(const Wait&) = delete;

  // Before each wait; -1: no such end. Without a free place nothing is kept.
  void begin(int in, int out);
  // After it: the number that has taken the place of that end's (0: in, 1: out), -1: none.
  int kept(int end);

 private:
  void end();

  Place* place_ = nullptr;
  Place* outer_ = nullptr;
};

// In the child of a fork: waits are the parent's. Closes what was kept for them.
void become_child();

}  // namespace anysplice::waited_numbers

#endif  // ANYSPLICE_CORE_SYS_WAITED_NUMBERS_H_
