// The parts of the tools that turn text into values and back.
#include <errno.h>

#include <catch2/catch.hpp>
#include <memory>
#include <string>

#include "core/errno_names.h"
#include "tools/errno_names.h"
#include "tools/preload_list.h"
#include "tools/stats_file.h"

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
  CHECK(*with_library("", "/l/libanysplice.so") == "/l/libanysplice.so");
  CHECK(*with_library("/a.so /b.so", "/l/libanysplice.so") == "/l/libanysplice.so:/a.so:/b.so");
  CHECK(*with_library(":/a.so", "/l/libanysplice.so") == "/l/libanysplice.so:/a.so");
  CHECK(*with_library("/a.so:/l/libanysplice.so", "/l/libanysplice.so") ==
        "/a.so:/l/libanysplice.so");
  CHECK_FALSE(with_library("", "/my libs/libanysplice.so").ok());
  CHECK_FALSE(with_library("", "/my:libs/libanysplice.so").ok());
}

TEST_CASE("the library leaves LD_PRELOAD again", "[tools]") {
  CHECK_FALSE(names_library("/a.so:/notlibanysplice.so"));
  CHECK(names_library("/a.so:/x/libanysplice.so"));
  CHECK(names_library("libanysplice.so"));
  CHECK(without_library("/a.so /x/libanysplice.so:/b.so") == "/a.so:/b.so");
  CHECK(without_library("/x/libanysplice.so") == "");
}

TEST_CASE("counters are printed by name", "[tools]") {
  const auto stats = std::make_unique<Stats>();
  stats->call[static_cast<size_t>(Call::kTee)].engine_bytes = 77;
  stats->call[static_cast<size_t>(Call::kSendfile)].native_calls = UINT64_MAX;
  stats->held_bytes = 5;
  const std::string text = format_stats(*stats);
  CHECK_THAT(text, Catch::Contains("\ntee.engine_bytes 77\n"));
  CHECK_THAT(text, Catch::Contains("\nsendfile.native_calls 18446744073709551615\n"));
  CHECK_THAT(text, Catch::StartsWith("splice.native_calls 0\n"));
  CHECK_THAT(text, Catch::EndsWith("\nheld_bytes 5\n"));
}

}  // namespace
}  // namespace anysplice::tools
