// The parts of the tools that turn text into values and back.
#include <errno.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "core/base/errno_names.h"
#include "tests/catch.h"
#include "tools/errno_names.h"
#include "tools/preload_list.h"
#include "tools/stats_text.h"

namespace anysplice::tools {
namespace {

TEST_CASE("every error is found again by what it is called", "[tools]") {
  CHECK(errno_name(ENOSYS) == "ENOSYS");
  CHECK(errno_name(4000) == "4000");
  int named = 0;
  for (int error = 1; error <= 4095; ++error) {
    const std::string name = errno_name(error);
    CHECK(parse_errno(name.c_str()) == error);
    named += name[0] == 'E';
  }
  CHECK(named > 100);
}

TEST_CASE("LD_PRELOAD keeps what it has", "[tools]") {
  CHECK(*with_library("", "/l/libanysplice.so.0") == "/l/libanysplice.so.0");
  CHECK(*with_library("/a.so /b.so", "/l/libanysplice.so.0") == "/l/libanysplice.so.0:/a.so:/b.so");
  CHECK(*with_library(":/a.so", "/l/libanysplice.so.0") == "/l/libanysplice.so.0:/a.so");
  CHECK(*with_library("/a.so:/l/libanysplice.so.0", "/l/libanysplice.so.0") ==
        "/a.so:/l/libanysplice.so.0");
  CHECK_FALSE(with_library("", "/my libs/x.so").ok());
  CHECK_FALSE(with_library("", "/my:libs/x.so").ok());
}

TEST_CASE("the library leaves LD_PRELOAD again", "[tools]") {
  CHECK_FALSE(names_library("/a.so:/notlibanysplice.so"));
  CHECK_FALSE(names_library("/libanysplice.so.0/a.so"));
  CHECK_FALSE(names_library("libanysplice-api.so.0:libanysplice.sop"));
  CHECK(names_library("/a.so:/x/libanysplice.so.0.1.0"));
  CHECK(names_library("libanysplice.so"));
  CHECK(without_library("/a.so /x/libanysplice.so.0:/b.so") == "/a.so:/b.so");
  CHECK(without_library("/x/libanysplice.so") == "");
}

TEST_CASE("counters are printed by name", "[tools]") {
  const auto stats = std::make_unique<Stats>();
  stats->call[static_cast<size_t>(Call::kTee)].engine_calls = 1;
  stats->call[static_cast<size_t>(Call::kTee)].engine_bytes = 77;
  stats->call[static_cast<size_t>(Call::kSendfile)].native_calls = UINT64_MAX;
  stats->held_bytes = 5;
  const std::string text = stats_as_lines(*stats);
  CHECK_THAT(text, Catch::Contains("\ntee.engine_bytes 77\n"));
  CHECK_THAT(text, Catch::Contains("\nsendfile.native_calls 18446744073709551615\n"));
  CHECK_THAT(text, Catch::StartsWith("tee.native_calls 0\n"));
  CHECK_THAT(text, Catch::EndsWith("\nprocesses 0\nheld_bytes 5\n"));
}

// What the counters of one process say that spliced 70000 bytes once and failed once.
std::unique_ptr<Stats> one_process() {
  auto stats = std::make_unique<Stats>();
  stats->call[static_cast<size_t>(Call::kSplice)].engine_calls = 2;
  stats->settled[static_cast<size_t>(SettleReason::kRights)].times = 2;
  stats->settled[static_cast<size_t>(SettleReason::kRights)].bytes = 9;
  CallDetails& splice = stats->details[static_cast<size_t>(Call::kSplice)];
  CarrierCounters& ring = splice.by[static_cast<size_t>(AnsweredBy::kRing)];
  ring.calls = 2;
  ring.bytes = 70000;
  ring.sizes[17] = 1;
  ring.times[1] = 1;
  ring.times[kTimes - 1] = 1;
  splice.errors[EAGAIN] = 1;
  splice.errors[0] = 3;
  stats->process[0].pid = 42;
  stats->process[0].calls = 2;
  stats->process[0].errors = 1;
  stats->process[0].bytes[static_cast<size_t>(AnsweredBy::kRing)] = 70000;
  return stats;
}

TEST_CASE("details are printed where there are any", "[tools]") {
  const std::string text = stats_as_lines(*one_process());
  for (const char* line :
       {"splice.ring_calls 2", "splice.native_bytes 0", "settled.rights.times 2",
        "settled.rights.bytes 9", "splice.errors.EAGAIN 1", "splice.errors.other 3",
        "splice.ring.sizes.65536 1", "splice.ring.ns.1 1", "splice.ring.ns.274877906944 1"}) {
    CHECK_THAT(text, Catch::Contains(std::string("\n") + line + "\n"));
  }
  for (const char* part :
       {"settled.poll", "tee.", "copy_calls", "rings", "settles", "held_bytes"}) {
    CHECK_THAT(text, !Catch::Contains(part));
  }
}

TEST_CASE("counters as JSON", "[tools]") {
  const auto json = nlohmann::json::parse(stats_as_json(*one_process()));
  CHECK(json["calls"]["splice"]["ring"]["bytes"] == 70000);
  CHECK(json["calls"]["splice"]["ring"]["sizes"] == nlohmann::json{{"65536", 1}});
  CHECK(json["calls"]["splice"]["errors"] == nlohmann::json{{"EAGAIN", 1}, {"other", 3}});
  CHECK(json["calls"]["tee"]["kernel"]["calls"] == 0);
  CHECK(json["settled"] == nlohmann::json{{"rights", {{"times", 2}, {"bytes", 9}}}});
  REQUIRE(json["by_process"].size() == 1);
  CHECK(json["by_process"][0]["pid"] == 42);
  CHECK(json["by_process"][0]["ring_bytes"] == 70000);
}

}  // namespace
}  // namespace anysplice::tools
