// Memory that a program has as long as it runs, or that no library takes from it unseen.
//
// Thread-safe. Async-signal-safe, but for data().
#ifndef ANYSPLICE_CORE_SYS_PROGRAM_MEMORY_H_
#define ANYSPLICE_CORE_SYS_PROGRAM_MEMORY_H_

#include <stddef.h>
#include <stdint.h>

namespace anysplice::program_memory {

// Whole pages of the system. Empty: nothing is known.
struct Area {
  uintptr_t start;
  uintptr_t end;
};

// The writable data of the program and of the libraries that were loaded with it, the program's
// first: how many areas were stored. Takes the loader's lock.
size_t data(Area* areas, size_t most);
// Where the first thread's stack grows. To be asked once, early.
Area stack();
// The heap below the break, for a program whose own data ends there.
Area heap(uintptr_t end_of_data);

}  // namespace anysplice::program_memory

#endif  // ANYSPLICE_CORE_SYS_PROGRAM_MEMORY_H_
