// Open file descriptions that only this process has, of which O_APPEND need not be asked again.
//
// Everybody who has a description can set O_APPEND on it, and splice(2) refuses such a sink. One
// that a call of this process made, and that nobody was given since (by fork, a started program, a
// message), gets the flag only by calls that are seen: F_SETFL and fdopen. (A debugger that takes
// descriptors out of a process, pidfd_getfd(2), is not thought of.)
//
// The mark is a bit of the table's entry. Of a number that was not looked at yet it says that the
// description is ours alone; of others, that it has no O_APPEND as well.
// Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_FD_OWN_DESCRIPTION_H_
#define ANYSPLICE_CORE_FD_OWN_DESCRIPTION_H_

#include <stdint.h>

#include "core/fd/fd_table.h"

namespace anysplice::own_description {

// In FdEntry::pipe().
inline constexpr uint32_t kMark = 8;

inline bool marked(FdEntry entry) {
  return !entry.is_pipe() && entry.kind() != FdKind::kOther && (entry.pipe() & kMark) != 0;
}

// A call that was seen has made a description, and this number for it.
void note_made(int fd);

// Somebody may get descriptions, or O_APPEND is being set: nothing is marked any more.
void forget_all();

// How often that was. Who marks an entry for what it saw before looks at it afterwards.
uint32_t times_forgotten();

}  // namespace anysplice::own_description

#endif  // ANYSPLICE_CORE_FD_OWN_DESCRIPTION_H_
