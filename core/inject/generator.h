// Pseudo-random numbers without state: each is a function of its arguments, not of how many were
// drawn before. So they are the same in every run, and any thread or handler may draw one.
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

// True with a probability of `chance` / 2^32.
inline constexpr bool happens(uint64_t random, uint64_t chance) { return (random >> 32) < chance; }

// A number from 1 to length - 1; length is at least 2. Small numbers are as frequent as large ones:
// first the number of bits is drawn, then a number with that many bits.
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
