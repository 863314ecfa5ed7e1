#include <errno.h>

#include <string>

#include "absl/strings/match.h"
#include "tests/catch.h"
#include "tests/unit/tools_words.h"
#include "tools/run_options.h"

namespace anysplice::tools {
namespace {

TEST_CASE("run without options", "[tools]") {
  const Words words{"program", "--help"};
  const auto options = parse_run_options(words);
  REQUIRE(options.ok());
  CHECK_FALSE(options->help);
  CHECK(options->preload);
  CHECK_FALSE(options->stats);
  CHECK(options->block.none());
  CHECK_FALSE(options->mode);
  CHECK_FALSE(options->rings);
  CHECK(options->command.size() == 2);
}

TEST_CASE("run with all options", "[tools]") {
  const Words words{"--mode=absent=EPERM",
                    "--rings=off",
                    "--vmsplice=copy",
                    "--block=EOPNOTSUPP",
                    "--block-calls=tee,splice",
                    "--stats=f",
                    "--",
                    "program"};
  const auto options = parse_run_options(words);
  REQUIRE(options.ok());
  CHECK(*options->mode == "absent=EPERM");
  CHECK(*options->rings == "off");
  CHECK(*options->vmsplice == "copy");
  CHECK(options->block_errno == EOPNOTSUPP);
  CHECK(options->block.count() == 2);
  CHECK(options->block.test(static_cast<size_t>(Call::kTee)));
  CHECK(options->block.test(static_cast<size_t>(Call::kSplice)));
  CHECK(options->stats);
  CHECK(options->stats_file == "f");
}

TEST_CASE("where the statistics go", "[tools]") {
  const Words json{"--stats=json", "program"};
  CHECK(parse_run_options(json)->stats_json);
  CHECK(parse_run_options(json)->stats_file.empty());
  const Words file{"--stats=json:f", "program"};
  CHECK(parse_run_options(file)->stats_json);
  CHECK(parse_run_options(file)->stats_file == "f");
  const Words not_json{"--stats=./json", "program"};
  CHECK_FALSE(parse_run_options(not_json)->stats_json);
  CHECK(parse_run_options(not_json)->stats_file == "./json");
}

TEST_CASE("what to block, in any order of the options", "[tools]") {
  const Words all{"--block", "program"};
  CHECK(parse_run_options(all)->block == block_by_default());
  CHECK(parse_run_options(all)->block_errno == ENOSYS);
  const Words before{"--block=1", "--block-calls=tee", "program"};
  const Words after{"--block-calls=tee", "--block=1", "program"};
  for (const auto& options : {parse_run_options(before), parse_run_options(after)}) {
    REQUIRE(options.ok());
    CHECK(options->block.count() == 1);
    CHECK(options->block_errno == 1);
  }
}

TEST_CASE("run refuses what makes no sense", "[tools]") {
  const Words wrong[] = {
      {"--mode=fast", "program"},
      {"--mode=absent=ENOTHING", "program"},
      {"--rings=maybe", "program"},
      {"--vmsplice=gift", "program"},
      {"--block=4096", "program"},
      {"--block=", "program"},
      {"--block-calls=", "program"},
      {"--block-calls=splice,", "program"},
      {"--block-calls=read", "program"},
      {"--stats=", "program"},
      {"--stats=json:", "program"},
      {"--no-preload", "--stats", "program"},
      {"--no-preload", "--mode=auto", "program"},
      {"--no-preload", "--rings=on", "program"},
      {"--no-preload", "--vmsplice=copy", "program"},
      {"--block"},
      {},
  };
  for (const Words& words : wrong) {
    const auto options = parse_run_options(words);
    CHECK(options.status().code() == absl::StatusCode::kInvalidArgument);
  }
  const auto no_error = parse_run_options(Words{"--mode=absent=ENOTHING", "program"});
  CHECK(absl::StrContains(no_error.status().message(), "takes an error name"));
}

TEST_CASE("help needs no program", "[tools]") {
  const Words words{"--help"};
  const auto options = parse_run_options(words);
  REQUIRE(options.ok());
  CHECK(options->help);
}

}  // namespace
}  // namespace anysplice::tools
