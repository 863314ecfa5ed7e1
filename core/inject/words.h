// Reads a specification word by word. Allocates nothing.
//
// A Cursor is for one thread at a time; the functions are thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_INJECT_WORDS_H_
#define ANYSPLICE_CORE_INJECT_WORDS_H_

#include <stddef.h>
#include <stdint.h>
#include <string.h>

namespace anysplice::inject {

// A piece of the text.
struct Word {
  const char* begin;
  size_t length;

  bool is(const char* text) const {
    return strlen(text) == length && memcmp(text, begin, length) == 0;
  }
  bool starts_with(const char* text) const {
    return strlen(text) <= length && memcmp(text, begin, strlen(text)) == 0;
  }
  Word after(size_t count) const { return {begin + count, length - count}; }
};

class Cursor {
 public:
  explicit Cursor(const char* text) : text_(text), at_(text) {}

  size_t offset_of(const Word& word) const { return static_cast<size_t>(word.begin - text_); }
  bool at_end() const { return *at_ == '\0'; }
  // Takes the text if it is next.
  bool take(const char* text) {
    const size_t length = strlen(text);
    if (strncmp(at_, text, length) != 0) return false;
    at_ += length;
    return true;
  }
  // Everything up to one of these characters, or the end.
  Word until(const char* stops) {
    const Word word{at_, strcspn(at_, stops)};
    at_ += word.length;
    return word;
  }

  // Everything up to one of these texts, or the end.
  template <size_t N>
  Word until_text(const char* const (&stops)[N]) {
    const char* end = at_ + strlen(at_);
    for (const char* stop : stops) {
      const char* found = strstr(at_, stop);
      if (found != nullptr && found < end) end = found;
    }
    const Word word{at_, static_cast<size_t>(end - at_)};
    at_ = end;
    return word;
  }

  Word up_to(const Cursor& later) const { return {at_, static_cast<size_t>(later.at_ - at_)}; }

 private:
  const char* text_;
  const char* at_;
};

// Each parses the whole word, and returns false if it cannot. read_number: an unsigned number of at
// most 18 digits.
bool read_number(const Word& word, uint64_t* value);
// A number that may be followed by k, m or g, powers of 1024.
bool read_size(const Word& word, uint64_t* value);
// A number followed by ns, us, ms or s, at most a minute; in nanoseconds.
bool read_duration(const Word& word, uint64_t* value);
// From 0 to 1 as a decimal fraction, or a percentage, exact to nine digits; as a fraction of 2^32.
bool read_chance(const Word& word, uint64_t* value);

}  // namespace anysplice::inject

#endif  // ANYSPLICE_CORE_INJECT_WORDS_H_
