// A small parser for "--name", "--name=VALUE" and "--name VALUE" in front of other words. The first
// word that is no option, or the word after "--", ends the options: what follows belongs to the
// program to be run and is left alone.
#ifndef ANYSPLICE_TOOLS_OPTIONS_H_
#define ANYSPLICE_TOOLS_OPTIONS_H_

#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace anysplice::tools {

enum class Takes { kNothing, kOptionalValue, kValue };

struct OptionSpec {
  absl::string_view name;  // with its dashes: "--mode"
  Takes takes = Takes::kNothing;
  absl::string_view value = {};  // what the value is called in messages: "MODE"
};

struct Option {
  absl::string_view name;
  std::optional<absl::string_view> value;
};

struct ParsedWords {
  std::vector<Option> options;  // in the order given
  absl::Span<char* const> rest;

  bool has(absl::string_view name) const;
};

// The words must outlive the result. `command`, as "anysplice run", has help on its options, which
// an unknown one is answered with.
absl::StatusOr<ParsedWords> parse_words(absl::string_view command, absl::Span<char* const> words,
                                        absl::Span<const OptionSpec> known);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_OPTIONS_H_
