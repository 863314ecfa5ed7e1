#include <string>

#include "absl/strings/str_join.h"
#include "tests/catch.h"
#include "tools/top_view.h"

namespace anysplice::tools {
namespace {

TEST_CASE("numbers that fit into a column", "[tools]") {
  CHECK(short_bytes(0) == "0 B");
  CHECK(short_bytes(999) == "999 B");
  CHECK(short_bytes(999.6) == "1.0 KB");
  CHECK(short_bytes(1250) == "1.2 KB");
  CHECK(short_bytes(35e6) == "35 MB");
  CHECK(short_bytes(999.7e15) == "1000 PB");
  CHECK(short_time(850) == "850 ns");
  CHECK(short_time(2048) == "2.0 us");
  CHECK(short_time(131072) == "131 us");
  CHECK(short_time(5e10) == "50 s");
}

struct Blocks {
  std::unique_ptr<Stats> before = std::make_unique<Stats>();
  std::unique_ptr<Stats> now = std::make_unique<Stats>();

  std::vector<std::string> lines(size_t width = 80, size_t height = 24) {
    return top_lines({*before, *now, 2.0,
                      [](uint64_t pid) { return pid == 7 ? std::string("seven") : std::string(); }},
                     "title", width, height);
  }
  std::string text() { return absl::StrJoin(lines(), "\n"); }
};

TEST_CASE("top shows what has changed", "[tools]") {
  Blocks blocks;
  const auto ring = static_cast<size_t>(AnsweredBy::kRing);
  CarrierCounters& before = blocks.before->details[0].by[ring];
  before.calls = 100;
  before.bytes = 1000000;
  CarrierCounters& now = blocks.now->details[0].by[ring];
  now.calls = 300;
  now.bytes = 3000000;
  now.times[11] = 198;
  now.times[20] = 2;
  now.sizes[14] = 50;
  now.sizes[17] = 150;
  blocks.now->details[0].errors[11] = 4;
  blocks.now->rings = 3;
  blocks.now->settled[static_cast<size_t>(SettleReason::kFork)].times = 1;
  blocks.now->settled[static_cast<size_t>(SettleReason::kPoll)].times = 5;
  const std::string text = blocks.text();
  CHECK_THAT(text,
             Catch::Contains("\nsplice              100        2       0 B      1 MB       0 B   "
                             "2.0 us   2.0 us\n"));
  CHECK_THAT(text, Catch::Contains("In all: 300 calls, 4 errors; kernel 0 B, ring 3 MB, copy 0 B"));
  CHECK_THAT(text, Catch::Contains("Pipes:  3 rings; settled: poll 5, fork 1"));
  CHECK_THAT(text, Catch::Contains("Sizes:  8K 25%, 64K 75%"));
  CHECK_THAT(text, !Catch::Contains("PROCESS"));
  now.calls = 1;
  blocks.now->details[0].errors[11] = 1;
  blocks.now->rings = 1;
  CHECK_THAT(blocks.text(), Catch::Contains("In all: 1 call, 1 error; "));
  CHECK_THAT(blocks.text(), Catch::Contains("Pipes:  1 ring; "));
}

TEST_CASE("top lists the busiest processes first", "[tools]") {
  Blocks blocks;
  const auto add = [&](size_t at, uint64_t pid, uint64_t calls, uint64_t bytes) {
    blocks.now->process[at].pid = pid;
    blocks.now->process[at].calls = calls;
    blocks.now->process[at].bytes[static_cast<size_t>(AnsweredBy::kCopy)] = bytes;
  };
  add(0, 7, 10, 0);
  blocks.before->process[0].calls = 10;  // there, and idle
  add(1, 8, 10, 100);
  add(2, 9, 10, 0);
  blocks.before->process[2].calls = 10;  // ended, and idle
  add(3, 10, 4, 5000);
  add(kProcesses - 1, 0, 2, 0);
  const std::string text = blocks.text();
  const size_t first = text.find("\n10  ");
  const size_t second = text.find("\n8  ");
  const size_t third = text.find("\nothers  ");
  const size_t last = text.find("\n7  ");
  CHECK(first < second);
  CHECK(second < third);
  CHECK(third < last);
  REQUIRE(last != std::string::npos);
  CHECK_THAT(text.substr(last), Catch::Contains("  seven"));
  CHECK_THAT(text, !Catch::Contains("\n9  "));
}

TEST_CASE("top keeps to the size of the terminal", "[tools]") {
  Blocks blocks;
  for (size_t i = 0; i < kProcesses; ++i) {
    blocks.now->process[i].pid = 1000000 + i;
    blocks.now->process[i].calls = 1;
  }
  for (SettleCounters& settled : blocks.now->settled) settled.times = 1000000;
  for (const auto& line : blocks.lines()) CHECK(line.size() <= 80);
  CHECK(blocks.lines().size() == 24);
  CHECK(blocks.lines(20, 5).size() == 5);
  CHECK(blocks.lines(20, 5)[3].size() == 20);
}

}  // namespace
}  // namespace anysplice::tools
