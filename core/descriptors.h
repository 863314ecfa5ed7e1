// What the rest of the engine needs of the bookkeeping of descriptors.
#ifndef ANYSPLICE_CORE_DESCRIPTORS_H_
#define ANYSPLICE_CORE_DESCRIPTORS_H_

namespace anysplice {

// A number is about to be closed, or was reused behind our back: drop what is known of it.
void forget(int fd);

// Whether this is a vfork child, which shares the parent's memory until it execs: it must not
// write down what it does to its own descriptors. Cheap unless vfork was ever called.
bool vfork_child();
void note_vfork();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_DESCRIPTORS_H_
