// Children of vfork, and of clone(2) with CLONE_VM and without CLONE_FILES: they share their
// parent's memory until they execute a program, and with it the table of descriptors, but not the
// descriptors. Async-signal-safe.
#ifndef ANYSPLICE_CORE_FD_VFORK_CHILD_H_
#define ANYSPLICE_CORE_FD_VFORK_CHILD_H_

#include <sys/types.h>

#include <atomic>

namespace anysplice {

// The process that called vfork, if this thread did. In its child too: that is on the same memory,
// while the thread itself sleeps.
inline constinit thread_local pid_t vfork_caller = 0;
// The process that has, or had, children by clone which run beside it in its memory; 0 if none.
inline constinit std::atomic<pid_t> memory_lender = 0;
bool in_vfork_child();

// Whether this is such a child: it must not write down what it does to its descriptors, nor believe
// what the table says of them. Two loads for a thread that never called vfork.
inline bool vfork_child() {
  return (vfork_caller != 0 || memory_lender.load(std::memory_order_relaxed) != 0) &&
         in_vfork_child();
}

// This thread is about to call vfork; this process is about to have such a child beside it. In
// between signals are not deferred: a child that dies at work would leave its parent at work for
// good.
void vfork_comes();
void lend_memory();
// This process came from a fork: its memory is its own.
void vfork_is_over();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_FD_VFORK_CHILD_H_
