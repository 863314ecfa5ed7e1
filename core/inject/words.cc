#include "core/inject/words.h"

#include "core/inject/plan.h"

namespace anysplice::inject {
namespace {

constexpr uint64_t kMinute = 60'000'000'000;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The digits a word begins with; how many they are, 0 if there are none or too many.
size_t leading_number(const Word& word, uint64_t* value) {
  size_t digits = 0;
  *value = 0;
  for (; digits < word.length && is_digit(word.begin[digits]); ++digits) {
    if (digits == 18) return 0;
    *value = *value * 10 + static_cast<uint64_t>(word.begin[digits] - '0');
  }
  return digits;
}

struct Unit {
  const char* name;
  uint64_t factor;
};

bool read_with_unit(const Word& word, const Unit* units, size_t count, uint64_t* value) {
  const size_t digits = leading_number(word, value);
  if (digits == 0) return false;
  for (size_t i = 0; i < count; ++i) {
    if (!word.after(digits).is(units[i].name)) continue;
    return !__builtin_mul_overflow(*value, units[i].factor, value);
  }
  return false;
}

}  // namespace

bool read_number(const Word& word, uint64_t* value) {
  const size_t digits = leading_number(word, value);
  return digits > 0 && digits == word.length;
}

bool read_size(const Word& word, uint64_t* value) {
  constexpr Unit kUnits[] = {{"", 1},        {"k", 1 << 10}, {"m", 1 << 20}, {"g", 1 << 30},
                             {"K", 1 << 10}, {"M", 1 << 20}, {"G", 1 << 30}};
  return read_with_unit(word, kUnits, sizeof(kUnits) / sizeof(Unit), value);
}

bool read_duration(const Word& word, uint64_t* value) {
  constexpr Unit kUnits[] = {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}};
  return read_with_unit(word, kUnits, sizeof(kUnits) / sizeof(Unit), value) && *value <= kMinute;
}

bool read_chance(const Word& word, uint64_t* value) {
  if (word.length == 0) return false;
  const bool percent = word.begin[word.length - 1] == '%';
  const size_t length = word.length - (percent ? 1 : 0);
  uint64_t number = 0;  // of `scale`
  uint64_t scale = percent ? 100 : 1;
  size_t digits = 0;
  bool fraction = false;
  for (size_t i = 0; i < length; ++i) {
    const char c = word.begin[i];
    if (c == '.' && !fraction) {
      fraction = true;
      continue;
    }
    if (!is_digit(c) || ++digits > 9) return false;
    number = number * 10 + static_cast<uint64_t>(c - '0');
    if (fraction) scale *= 10;
  }
  if (digits == 0 || number > scale) return false;
  *value = static_cast<uint64_t>(static_cast<double>(number) / static_cast<double>(scale) *
                                 static_cast<double>(kAlways));
  return true;
}

}  // namespace anysplice::inject
