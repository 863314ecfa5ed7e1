// A line being made, in memory of a fixed size: what does not fit is cut off. Async-signal-safe.
#ifndef ANYSPLICE_SHIM_LOG_TEXT_H_
#define ANYSPLICE_SHIM_LOG_TEXT_H_

#include <stddef.h>
#include <stdint.h>

#include <string_view>

namespace anysplice::log {

class Text {
 public:
  Text(char* memory, size_t size) : memory_(memory), size_(size) {}

  std::string_view view() const { return {memory_, length_}; }

  Text& add(std::string_view text) {
    for (const char c : text) add(c);
    return *this;
  }
  Text& add(char c) {
    if (length_ < size_) memory_[length_++] = c;
    return *this;
  }
  Text& number(int64_t n) {
    if (n < 0) add('-');
    return unsigned_number(n < 0 ? 0 - static_cast<uint64_t>(n) : static_cast<uint64_t>(n), 10);
  }
  Text& unsigned_number(uint64_t n, unsigned base = 10, unsigned least_digits = 1) {
    char digits[24];
    char* at = digits + sizeof(digits);
    for (; n != 0 || at > digits + sizeof(digits) - least_digits; n /= base) {
      *--at = "0123456789abcdef"[n % base];
    }
    return add(std::string_view(at, static_cast<size_t>(digits + sizeof(digits) - at)));
  }
  Text& hex(uint64_t n) { return add("0x").unsigned_number(n, 16); }
  // "850 ns", "12.3 us", "1.5 s".
  Text& duration(uint64_t nanoseconds);

 private:
  char* memory_;
  size_t size_;
  size_t length_ = 0;
};

inline Text& Text::duration(uint64_t nanoseconds) {
  if (nanoseconds < 1000) return unsigned_number(nanoseconds).add(" ns");
  constexpr const char* kUnits[] = {" us", " ms", " s"};
  size_t unit = 0;
  uint64_t scale = 1000;
  for (; unit < 2 && nanoseconds >= scale * 1000; ++unit) scale *= 1000;
  const uint64_t tenths = nanoseconds / (scale / 10);
  return unsigned_number(tenths / 10).add('.').unsigned_number(tenths % 10).add(kUnits[unit]);
}

}  // namespace anysplice::log

#endif  // ANYSPLICE_SHIM_LOG_TEXT_H_
