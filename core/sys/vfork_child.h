// Children of vfork, and of clone(2) with CLONE_VM and without CLONE_FILES: they share their
// parent's memory until they execute a program, and with it the table of descriptors, but not the
// descriptors. Async-signal-safe; depths are the thread's own.
#ifndef ANYSPLICE_CORE_SYS_VFORK_CHILD_H_
#define ANYSPLICE_CORE_SYS_VFORK_CHILD_H_

#include <limits.h>
#include <sys/types.h>

#include <atomic>

namespace anysplice {

// How many children of vfork, each within the other, this thread is in: parent and child have the
// same thread-local memory, but only one of them runs.
inline constinit thread_local int vfork_depth = 0;
// Not known: the call is being made.
inline constexpr int kVforkComes = INT_MAX;
// The process that has, or had, children by clone which run beside it in its memory; 0 if none.
inline constinit std::atomic<pid_t> memory_lender = 0;
bool in_borrowed_memory();

// Whether this is such a child: it must not write down what it does to its descriptors, nor believe
// what the table says of them. No system call unless memory was lent.
inline bool vfork_child() {
  return (vfork_depth != 0 || memory_lender.load(std::memory_order_relaxed) != 0) &&
         in_borrowed_memory();
}

// What the thread was before vfork. To be kept in a register: the child writes over its parent's
// stack.
using BeforeVfork = int;
// This thread is about to call vfork.
BeforeVfork vfork_comes();
// In the child.
void become_vfork_child(BeforeVfork before);
// In the parent: the child is gone, or there is none. False if somebody was told that this might be
// the child, and so has not written down what was the parent's (in a handler that is not ours).
bool vfork_returns(BeforeVfork before);

// Around a handler: in the parent one may come before vfork_returns(), and perhaps jumps over it;
// then the depth is the child's still. Puts that right for as long as this object lives, and for
// good if the handler jumps. For a handler in the child nothing changes.
class InHandler {
 public:
  InHandler() {
    if (vfork_depth != 0) [[unlikely]]
      begin();
  }
  // Before the call is made, it is not known again.
  ~InHandler() {
    if (comes_) vfork_depth = kVforkComes;
  }
  InHandler(const InHandler&) = delete;
  InHandler& operator=(const InHandler&) = delete;

 private:
  void begin();

  bool comes_ = false;
};

// This process is about to have a child beside it in its memory.
void lend_memory();
// This process came from a fork: its memory is its own.
void vfork_is_over();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_VFORK_CHILD_H_
