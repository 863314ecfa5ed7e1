#include "tools/options.h"

#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {
namespace {

std::string usage(const OptionSpec& spec) {
  switch (spec.takes) {
    case Takes::kOptionalValue:
      return absl::StrCat(spec.name, "[=", spec.value, "]");
    case Takes::kValue:
      return absl::StrCat(spec.name, "=", spec.value);
    case Takes::kNothing:
      break;
  }
  return std::string(spec.name);
}

}  // namespace

bool ParsedWords::has(absl::string_view name) const {
  return std::any_of(options.begin(), options.end(),
                     [name](const Option& option) { return option.name == name; });
}

absl::StatusOr<ParsedWords> parse_words(absl::string_view command, absl::Span<char* const> words,
                                        absl::Span<const OptionSpec> known) {
  ParsedWords parsed;
  size_t at = 0;
  for (; at < words.size(); ++at) {
    const absl::string_view word = words[at];
    if (word == "--") {
      ++at;
      break;
    }
    if (word.size() < 2 || word[0] != '-') break;

    const size_t equals = word.find('=');
    const absl::string_view name = word.substr(0, equals);
    const auto spec = std::find_if(known.begin(), known.end(),
                                   [name](const OptionSpec& s) { return s.name == name; });
    if (spec == known.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown option '", name, "'; see '", command, " --help'"));
    }

    Option option{spec->name, std::nullopt};
    if (equals != absl::string_view::npos) option.value = word.substr(equals + 1);
    if (spec->takes == Takes::kNothing && option.value) {
      return absl::InvalidArgumentError(absl::StrCat("option '", name, "' takes no value"));
    }
    if (spec->takes == Takes::kValue && !option.value) {
      if (at + 1 == words.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("option '", name, "' needs a value: ", usage(*spec)));
      }
      option.value = words[++at];
    }
    parsed.options.push_back(option);
  }
  parsed.rest = words.subspan(std::min(at, words.size()));
  return parsed;
}

}  // namespace anysplice::tools
