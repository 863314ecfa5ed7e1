// A pipe as a call works on it: locked, and with the bytes that the engine has of it at hand.
//
// All of it happens inside a CriticalSection; signals get blocked in it when a kernel pipe or a
// settlement is in question. Two pipes are locked in one step, in an order that cannot deadlock.
#ifndef ANYSPLICE_CORE_PIPE_PIPE_LOCK_H_
#define ANYSPLICE_CORE_PIPE_PIPE_LOCK_H_

#include "core/pipe/held_bytes.h"
#include "core/pipe/pipe_identity.h"
#include "core/pipe/pipe_table.h"
#include "core/pipe/settle.h"
#include "core/sys/critical_section.h"
#include "core/telemetry/settle_reason.h"

namespace anysplice {

// A pipe as a transfer has looked at it.
struct PipeSeen {
  int fd;
  PipeId id;          // inode 0: not looked at yet
  bool is_pipe;       // some pipe, which is enough to write to
  uint32_t replaced;  // fd_replaced before that
};

class PipeLock {
 public:
  // For descriptors known to be pipes.
  PipeLock(CriticalSection& section, int fd) : section_(section), fd_(fd) {}
  // For a transfer: asks that a candidate be given a ring.
  PipeLock(CriticalSection& section, const PipeSeen& seen)
      : section_(section),
        fd_(seen.fd),
        want_ring_(true),
        is_pipe_(seen.is_pipe),
        id_(seen.id),
        replaced_(seen.replaced) {}
  ~PipeLock() { give_back_and_unlock(); }
  PipeLock(const PipeLock&) = delete;
  PipeLock& operator=(const PipeLock&) = delete;

  // 0 or -errno: -ENOMEM without memory for bookkeeping, -EINTR in a signal handler that
  // interrupted a call on this very pipe.
  int lock();
  // For one write that says itself how much it moved. A kernel pipe of which nothing is held needs
  // no lock for that: bytes() is not to be used then.
  int lock_for_write();
  static int lock_both(PipeLock& a, PipeLock& b);
  // Puts back into the kernel's pipe what must not stay held of one that others see, and lets go.
  void give_back_and_unlock();

  // What giving back is to give as the reason for settling a pipe that is exposed.
  void exposed_by(SettleReason reason) { exposed_by_ = reason; }

  int fd() const { return fd_; }
  // True: all unread bytes are in bytes(). False: bytes() come first, then the kernel's.
  bool is_ring() const { return pipe_ != nullptr; }
  Pipe* pipe() const { return pipe_; }
  Ring& bytes() { return pipe_ != nullptr ? pipe_->ring : held_->front; }

  // Kernel pipe: takes bytes from the kernel until bytes() has `want`, or no more are there or fit.
  // Returns 0 if
  // bytes() is not empty, -EAGAIN if the pipe is empty, -ENODATA at end of file, or another -errno.
  // For a ring the answer only.
  int fill(size_t want);

  // Kernel pipe that is empty: holds bytes that it should have got. Returns how many.
  size_t hold(const char* data, size_t length);

  // Lets the kernel have all bytes: to_kernel() or settle(), whichever applies. False if they
  // cannot be put back, so that trying again would not help.
  bool give_up(SettleReason reason);

  // Kernel pipe: puts what is held back into it, or says on stderr, once, that it cannot. For a
  // writer's sake, to whom held bytes look like room, Grow::kNo: only if the pipe has room for
  // them; else it is so full that it is no worse.
  void settle(SettleReason reason, Grow grow = Grow::kYes);

  // Kernel pipe: before a transfer into it puts back what is held, which takes room.
  void make_room();

  // Whether writes to the kernel's pipe are packets: one read takes no more than one, and what it
  // does not take of it is lost (pipe(7)). Known of pipes made here, and where the flag is to be
  // seen on fd.
  bool packets() const;

  // Whether a reader would wait: no bytes, and somebody to write them.
  bool waits();

  // Ring: moves all bytes into the kernel's pipe and keeps them there for good. Afterwards this
  // object is unlocked.
  void to_kernel(SettleReason reason);

 private:
  void give_back();
  bool wait_for_readers_in_flight();
  bool await(ReadersInFlight readers, void (*in_vain)() = nullptr);
  bool seen_elsewhere() const;
  void enter_turn();
  void exit_turn();
  static void enter_turns(PipeLock& a, PipeLock& b);
  int resolve();
  int engage();
  void disengage();
  void* lock_address() const { return pipe_ != nullptr ? static_cast<void*>(pipe_) : held_; }

  CriticalSection& section_;
  int fd_;
  bool want_ring_ = false;
  bool is_pipe_ = false;
  bool only_write_ = false;
  bool locked_ = false;
  bool had_bytes_ = false;
  SettleReason exposed_by_ = SettleReason::kWatched;
  FdEntry entry_;
  Pipe* pipe_ = nullptr;
  Held* held_ = nullptr;
  PipeId id_{0, 0};
  uint32_t replaced_ = 0;
  uint32_t turn_ = 0;
};

// Puts back what is held of a descriptor's pipe, if anything (PipeLock::settle). Keeps errno.
void settle_held_of(int fd, SettleReason reason, Grow grow = Grow::kYes);

// Takes a pipe of ours out of the candidate and ring states: from now on its bytes are the
// kernel's. Async-signal-safe; takes the pipe's lock.
void keep_in_kernel(int fd, FdEntry entry, SettleReason reason);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_PIPE_PIPE_LOCK_H_
