#include "tools/explore/markup.h"

#include <stdint.h>

#include "absl/strings/str_cat.h"

namespace anysplice::tools {
namespace {

// Bytes of the character that the text begins with; 0 if it is none that XML may have.
size_t character(absl::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char first = byte(0);
  if (first < 0x80) return first >= ' ' || first == '\n' || first == '\t' ? 1 : 0;
  const size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return 0;
  uint32_t code = first & (0xff >> (size + 1));
  for (size_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3f);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool none = code < kSmallest[size] || code > 0x10ffff || (code >> 11) == 0x1b ||
                    (code & 0xfffe) == 0xfffe;
  return none ? 0 : size;
}

}  // namespace

std::string escaped(absl::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t size = character(text);
    const absl::string_view one = text.substr(0, size);
    absl::StrAppend(&out, size == 0     ? "?"
                          : one == "&"  ? "&amp;"
                          : one == "<"  ? "&lt;"
                          : one == ">"  ? "&gt;"
                          : one == "\"" ? "&quot;"
                                        : one);
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return out;
}

std::string attribute(absl::string_view name, absl::string_view value) {
  return absl::StrCat(" ", name, "=\"", escaped(value), "\"");
}

}  // namespace anysplice::tools
