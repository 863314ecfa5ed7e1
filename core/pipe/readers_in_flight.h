// Counts the threads that sit in a read which takes a pipe's bytes itself, past the engine. While
// there is one, bytes may not be taken out of that pipe to be held: the reader would get those that
// are written behind them.
//
// Lives in zeroed memory, shared between processes or not. Wait-free and async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_
#define ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_

#include <atomic>

namespace anysplice {

class ReadersInFlight {
 public:
  // Whether none may come. One that this very thread was interrupted in takes nothing before the
  // handler is over, so it is not waited for.
  bool none() {
    const int others = now_.load() - (mine == this ? 1 : 0);
    const int lost = lost_.load(std::memory_order_relaxed);
    if (others > lost) return false;
    if (others < lost) lost_.store(others, std::memory_order_relaxed);
    return true;
  }

  // Those that are counted now do not come: they were left by longjmp, killed, or are stopped.
  void give_up() { lost_.store(now_.load() - (mine == this ? 1 : 0), std::memory_order_relaxed); }

 private:
  friend class ReaderInFlight;

  static inline thread_local const ReadersInFlight* mine = nullptr;

  std::atomic<int> now_;
  std::atomic<int> lost_;
};

// Counts this thread, in `takers` if that is not null.
class ReaderInFlight {
 public:
  explicit ReaderInFlight(ReadersInFlight* readers_in_flight)
      : takers_(readers_in_flight), outer_(ReadersInFlight::mine) {
    if (takers_ == nullptr) return;
    takers_->now_.fetch_add(1);
    ReadersInFlight::mine = takers_;
  }
  ~ReaderInFlight() {
    if (takers_ == nullptr) return;
    ReadersInFlight::mine = outer_;
    takers_->now_.fetch_sub(1);
  }
  ReaderInFlight(const ReaderInFlight&) = delete;
  ReaderInFlight& operator=(const ReaderInFlight&) = delete;

 private:
  ReadersInFlight* takers_;
  const ReadersInFlight* outer_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_
