// What select(2)'s sets consist of: POSIX has names for the set and single descriptors only. No
// code: threads and signal handlers alike may use it.
#ifndef ANYSPLICE_CORE_SYS_SELECT_SET_H_
#define ANYSPLICE_CORE_SYS_SELECT_SET_H_

#include <limits.h>
#include <sys/select.h>

#include <type_traits>

namespace anysplice {

using SetWord = std::remove_extent_t<decltype(fd_set::fds_bits)>;
inline constexpr int kSetWordBits = CHAR_BIT * sizeof(SetWord);

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SELECT_SET_H_
