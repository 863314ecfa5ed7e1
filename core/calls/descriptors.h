// What the rest of the engine needs of the bookkeeping of descriptors.
//
// Thread-safe and async-signal-safe; errno is kept.
#ifndef ANYSPLICE_CORE_CALLS_DESCRIPTORS_H_
#define ANYSPLICE_CORE_CALLS_DESCRIPTORS_H_

#include "core/sys/vfork_child.h"

namespace anysplice {

// A number is about to be closed, or was reused behind our back: drop what is known of it.
void forget(int fd);

// A second number, or -1, for what `from` names: returns it.
int note_copy(int from, int to);

// A thread is about to call vfork; it is back in the parent. become_vfork_child() goes between
// them, in the child.
BeforeVfork note_vfork();
void note_vfork_returned(BeforeVfork before);

// clone(2) is about to be called, or made by its number, with these flags.
void note_clone(unsigned long flags);

// The same for a child that runs on from here, or by a function that can call this: after_clone()
// is for both processes. A child with memory of its own is like one of fork.
void before_clone(unsigned long flags);
void after_clone(unsigned long flags, bool child);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_CALLS_DESCRIPTORS_H_
