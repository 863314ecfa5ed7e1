// Builds short messages and paths without allocating. Thread-safe and async-signal-safe.
#ifndef ANYSPLICE_CORE_BASE_TEXT_H_
#define ANYSPLICE_CORE_BASE_TEXT_H_

#include <stddef.h>
#include <string.h>

namespace anysplice {

// Appends to the string in a buffer, cutting off what does not fit.
template <size_t N>
void append_text(char (&buffer)[N], const char* text) {
  size_t at = strlen(buffer);
  while (at + 1 < N && *text != '\0') buffer[at++] = *text++;
  buffer[at] = '\0';
}

template <size_t N>
void append_number(char (&buffer)[N], size_t number) {
  char digits[24];
  char* at = digits + sizeof(digits);
  *--at = '\0';
  do {
    *--at = static_cast<char>('0' + number % 10);
    number /= 10;
  } while (number != 0);
  append_text(buffer, at);
}

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_BASE_TEXT_H_
