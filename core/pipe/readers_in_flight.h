// Counts the threads that sit in a read which takes a pipe's bytes itself, past the engine. While
// there is one, bytes may not be taken out of that pipe to be held: the reader would get those that
// are written behind them.
//
// Lives in zeroed memory. The count may be in memory that related processes share, and is then not
// believed for longer than a while; what was made of it is this process's own. Wait-free and
// async-signal-safe.
#ifndef ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_
#define ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_

#include <stdint.h>

#include <atomic>

namespace anysplice {

class ReadersInFlight {
 public:
  ReadersInFlight(std::atomic<int>& now, std::atomic<int>& lost) : now_(&now), lost_(&lost) {}

  // Whether none may come. One that this very thread was interrupted in takes nothing before the
  // handler is over, so it is not waited for.
  bool none() const {
    const int others = counted();
    const int lost = lost_->load(std::memory_order_relaxed);
    if (others > lost) return false;
    if (others < lost) lost_->store(others, std::memory_order_relaxed);
    return true;
  }

  // Whether there are any, also those that are not waited for any more.
  bool any() const { return counted() > 0; }

  // Those that are counted now do not come: they were left by longjmp, killed, or are stopped.
  void give_up() const { lost_->store(counted(), std::memory_order_relaxed); }

 private:
  friend class ReaderInFlight;

  static inline thread_local const void* mine = nullptr;

  // (Any number may stand there, INT_MIN too.)
  int counted() const {
    return static_cast<int>(static_cast<unsigned>(now_->load()) - (mine == now_ ? 1u : 0u));
  }

  std::atomic<int>* now_;
  std::atomic<int>* lost_;
};

// Counts this thread as long as it lives.
class ReaderInFlight {
 public:
  explicit ReaderInFlight(ReadersInFlight readers)
      : now_(readers.now_), outer_(ReadersInFlight::mine), generation_(fork_generation.load()) {
    now_->fetch_add(1);
    ReadersInFlight::mine = now_;
  }
  ~ReaderInFlight() {
    ReadersInFlight::mine = outer_;
    // In a child that a handler forked in the middle the count began anew.
    if (generation_ == fork_generation.load()) now_->fetch_sub(1);
  }
  ReaderInFlight(const ReaderInFlight&) = delete;
  ReaderInFlight& operator=(const ReaderInFlight&) = delete;

  // How many forks lie between this process and the first one.
  static inline std::atomic<uint32_t> fork_generation = 0;

 private:
  std::atomic<int>* now_;
  const void* outer_;
  uint32_t generation_;
};

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_READERS_IN_FLIGHT_H_
