#include "shim/log/options.h"

#include <charconv>

namespace anysplice::log {
namespace {

// The number behind "KEY=" in a word; false if it is another word.
template <typename Number>
bool value_of(std::string_view word, std::string_view key, Number* value) {
  if (word.substr(0, key.size()) != key) return false;
  const char* const end = word.data() + word.size();
  const auto parsed = std::from_chars(word.data() + key.size(), end, *value);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

}  // namespace

Options parse_options(std::string_view text) {
  Options options;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(','));
    text.remove_prefix(word.size() < text.size() ? word.size() + 1 : word.size());
    if (word == "json") options.json = true;
    if (word == "epoch") options.epoch = true;
    if (value_of(word, "since=", &options.since)) options.relative = true;
    value_of(word, "only=", &options.only);
  }
  return options;
}

}  // namespace anysplice::log
