// The flags of the splice family, with the values that programs are compiled with (splice(2)); for
// systems whose headers do not define them.
#ifndef ANYSPLICE_CORE_SYS_SPLICE_FLAGS_H_
#define ANYSPLICE_CORE_SYS_SPLICE_FLAGS_H_

namespace anysplice {

inline constexpr unsigned kSpliceMove = 1;
inline constexpr unsigned kSpliceNonblock = 2;
inline constexpr unsigned kSpliceMore = 4;
inline constexpr unsigned kSpliceGift = 8;
inline constexpr unsigned kSpliceFlags = kSpliceMove | kSpliceNonblock | kSpliceMore | kSpliceGift;

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_SPLICE_FLAGS_H_
