#include <string>

#include "tests/catch.h"
#include "tests/unit/tools_words.h"
#include "tools/options.h"

namespace anysplice::tools {
namespace {

constexpr OptionSpec kKnown[] = {
    {"--plain"}, {"--maybe", Takes::kOptionalValue, "X"}, {"--must", Takes::kValue, "Y"}};

std::string error_of(const Words& words) {
  return std::string(parse_words("this", words, kKnown).status().message());
}

TEST_CASE("options end at the first other word, or after --", "[tools]") {
  const Words plain{"--plain", "program", "--must"};
  const auto parsed = parse_words("this", plain, kKnown);
  REQUIRE(parsed.ok());
  CHECK(parsed->has("--plain"));
  CHECK_FALSE(parsed->has("--must"));
  REQUIRE(parsed->rest.size() == 2);
  CHECK(std::string(parsed->rest[0]) == "program");

  const Words dashes{"--", "--plain"};
  const auto after = parse_words("this", dashes, kKnown);
  REQUIRE(after.ok());
  CHECK(after->options.empty());
  REQUIRE(after->rest.size() == 1);

  const Words dash{"-", "x"};
  CHECK(parse_words("this", dash, kKnown)->rest.size() == 2);
}

TEST_CASE("option values", "[tools]") {
  const Words words{"--maybe", "--maybe=", "--maybe=1=2", "--must=3", "--must", "--plain"};
  const auto parsed = parse_words("this", words, kKnown);
  REQUIRE(parsed.ok());
  REQUIRE(parsed->options.size() == 5);
  CHECK_FALSE(parsed->options[0].value);
  CHECK(*parsed->options[1].value == "");
  CHECK(*parsed->options[2].value == "1=2");
  CHECK(*parsed->options[3].value == "3");
  CHECK(*parsed->options[4].value == "--plain");
  CHECK(parsed->rest.empty());
}

TEST_CASE("a wrong option is named", "[tools]") {
  CHECK(error_of({"--plainly=yes"}) == "unknown option '--plainly'; see 'this --help'");
  CHECK(error_of({"--plain=1"}) == "option '--plain' takes no value");
  CHECK(error_of({"--must"}) == "option '--must' needs a value: --must=Y");
}

}  // namespace
}  // namespace anysplice::tools
