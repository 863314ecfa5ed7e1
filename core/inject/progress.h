// How many bytes the calls of a rule have moved on a file, in a process (@after).
//
// Thread-safe, async-signal-safe, and without locks.
#ifndef ANYSPLICE_CORE_INJECT_PROGRESS_H_
#define ANYSPLICE_CORE_INJECT_PROGRESS_H_

#include <stddef.h>
#include <stdint.h>

namespace anysplice::inject {

struct Progress {
  uint64_t process;  // inject::Process::identity
  size_t rule;
  uint64_t in;  // file_identity() of the ends it is counted for, or 0
  uint64_t out;
};

uint64_t moved_so_far(const Progress& what);
// Of more than kFiles files nothing is counted.
inline constexpr size_t kFiles = 1024;
void note_moved(const Progress& what, uint64_t bytes);

// A call that is under way may count for nothing.
void forget_progress();

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_PROGRESS_H_
