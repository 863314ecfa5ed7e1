// Native calls that are missing, or refuse some files: the functions of the seam replaced, for
// mode auto.
#ifndef ANYSPLICE_TESTS_FUZZ_NATIVES_H_
#define ANYSPLICE_TESTS_FUZZ_NATIVES_H_

#include <atomic>
#include <cstdint>

namespace fuzz {

// Two bits for each call (splice, tee, vmsplice, sendfile), lowest first: 0 it is there, 1 ENOSYS,
// 2 EPERM, 3 EINVAL for about every other call, as for a kind of file. Bit 8: no rings.
// Bit 9: user memory is copied under the fault guard, not by the system.
// Bit 10: pipes have no RWF_NOWAIT, as in Linux 6.1.
inline constexpr unsigned kNativeChoices = 1u << 11;
// A system that has neither the calls nor RWF_NOWAIT; rings and the copy of memory as chosen.
inline constexpr unsigned without_natives(unsigned natives) { return 0x455 | (natives & 0x300); }
// Each subset of the four calls refused, with ENOSYS and with EPERM: 3^4 of them, with rings and
// without (`which` below kPartialChoices).
inline constexpr unsigned kPartialChoices = 162;
inline constexpr unsigned partial_natives(unsigned which) {
  unsigned natives = which >= kPartialChoices / 2 ? 0x100 : 0;
  for (unsigned call = 0, rest = which % (kPartialChoices / 2); call < 4; ++call, rest /= 3) {
    natives |= rest % 3 << 2 * call;
  }
  return natives;
}
// All processes of a program count on the same counter.
void set_natives(unsigned natives, std::atomic<uint32_t>* counter);

}  // namespace fuzz

#endif  // ANYSPLICE_TESTS_FUZZ_NATIVES_H_
