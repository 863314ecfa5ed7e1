// Numbers that look random and are the same each time: a function of what is asked, not of how
// often. No state, so any thread or handler may ask.
#ifndef ANYSPLICE_CORE_INJECT_GENERATOR_H_
#define ANYSPLICE_CORE_INJECT_GENERATOR_H_

#include <stddef.h>
#include <stdint.h>

namespace anysplice::inject {

// Spreads every bit of x over all bits: a multiplication carries upwards, the shift brings down.
inline constexpr uint64_t scramble(uint64_t x) {
  x ^= x >> 32;
  x *= 0x9e3779b97f4a7c15;  // 2^64 divided by the golden ratio, odd
  x ^= x >> 29;
  x *= 0xd6e8feb86659fd93;
  x ^= x >> 32;
  return x;
}

inline constexpr uint64_t mix(uint64_t into, uint64_t value) {
  return scramble(into + scramble(value + 0x9e3779b97f4a7c15));
}

inline constexpr uint64_t mix_text(uint64_t into, const char* text) {
  for (; *text != '\0'; ++text) into = mix(into, static_cast<unsigned char>(*text));
  return into;
}

// True in `chance` of 2^32 cases.
inline constexpr bool happens(uint64_t random, uint64_t chance) { return (random >> 32) < chance; }

// Less than length, at least 1; length is at least 2. Small counts are as frequent as large ones:
// first a number of bits is drawn, then a number of so many bits.
inline constexpr uint64_t draw_short(uint64_t random, uint64_t length) {
  const uint64_t span = length - 1;
  const unsigned bits = 64 - static_cast<unsigned>(__builtin_clzll(span));
  const unsigned chosen = 1 + static_cast<unsigned>(random % bits);
  const uint64_t low = uint64_t{1} << (chosen - 1);
  const uint64_t drawn = low + (random >> 8) % low;
  return drawn < span ? drawn : span;
}

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_GENERATOR_H_
