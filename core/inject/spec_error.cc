#include "core/inject/spec_error.h"

#include <string.h>

#include <algorithm>

#include "core/base/text.h"

namespace anysplice::inject {
namespace {

// Of the text as much as fits on a line of a terminal, around the place.
constexpr size_t kWidth = 74;
constexpr size_t kBefore = 50;

// Breaks the line at blanks.
void append_wrapped(SpecReport& report, const char* text, size_t column) {
  for (const char* blank = ""; *text != '\0'; blank = " ") {
    const size_t length = strcspn(text, " ");
    if (column + length >= kWidth) {
      blank = "\n  ";
      column = 1;
    }
    append_text(report, blank);
    char word[kWidth + 1] = "";
    memcpy(word, text, std::min(length, kWidth));
    append_text(report, word);
    column += 1 + length;
    text += length + (text[length] == ' ' ? 1 : 0);
  }
}

}  // namespace

void describe(const char* source, const char* text, const SpecError& error, SpecReport& report) {
  report[0] = '\0';
  append_text(report, source);
  append_text(report, ": ");
  append_wrapped(report, error.message, sizeof("anysplice: ") + strlen(report));
  append_text(report, "\n  ");
  const size_t from = error.at > kBefore ? error.at - kBefore : 0;
  char line[kWidth + 1] = "";
  append_text(line, text + from);  // cuts what does not fit
  append_text(report, line);
  append_text(report, "\n  ");
  for (size_t i = from; i < error.at; ++i) append_text(report, " ");
  const size_t room = kWidth - std::min(kWidth - 1, error.at - from);
  const size_t marks = std::clamp(error.length, size_t{1}, room);
  for (size_t i = 0; i < marks; ++i) append_text(report, "^");
}

}  // namespace anysplice::inject
