#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <string>

#include "core/inject/replay.h"
#include "tests/catch.h"
#include "tools/decisions.h"

namespace anysplice::inject {
namespace {

bool parse(const std::string& line, Site* site, Decision* decision) {
  return parse_decision(line.data(), line.size(), site, decision);
}

TEST_CASE("a decision is the same after a turn through text", "[inject]") {
  Site site{.thread = 3, .call = Call::kVmsplice, .number = 17};
  strcpy(site.process, "pv#2/1");
  for (const Decision& decision :
       {Decision{.limit = 5}, Decision{.delay = 1000000}, Decision{.error = ENOSYS},
        Decision{.error = 200}, Decision{.zero = true}, Decision{.limit = 1, .delay = 7}}) {
    Site read_site;
    Decision read_decision;
    const std::string line = tools::format_decision(site, decision);
    INFO(line);
    REQUIRE(parse(line, &read_site, &read_decision));
    CHECK(read_decision == decision);
    CHECK(std::string(read_site.process) == site.process);
    CHECK(read_site.thread == 3);
    CHECK(read_site.call == Call::kVmsplice);
    CHECK(read_site.number == 17);
  }
}

TEST_CASE("lines that say nothing, and lines that are wrong", "[inject]") {
  Site site;
  Decision decision;
  for (const char* empty : {"", "   ", "# pv 0 splice 3 limit=17"}) {
    CHECK(parse(empty, &site, &decision));
    CHECK(site.number == 0);
  }
  CHECK(parse("pv 0 splice 3 limit=17 # why", &site, &decision));
  CHECK(site.number == 3);
  for (const char* wrong :
       {"pv", "pv 0 splice 3", "pv 0 splice 0 limit=1", "pv x splice 3 limit=1",
        "pv 0 slice 3 limit=1", "pv 0 splice 3 limit=x", "pv 0 splice 3 errno=EFOO",
        "pv 0 splice 3 limit=1 limit=1 limit=1 limit=1 limit=1"}) {
    INFO(wrong);
    CHECK_FALSE(parse(wrong, &site, &decision));
  }
}

TEST_CASE("files that hold no decisions are refused", "[inject]") {
  char problem[160];
  CHECK_FALSE(open_replay("/nonexistent", problem));
  CHECK(std::string(problem) == "it cannot be opened");
  CHECK_FALSE(open_replay("/dev/null", problem));
  char path[] = "/tmp/anysplice-unit-XXXXXX";
  const int fd = mkstemp(path);
  REQUIRE(fd >= 0);
  REQUIRE(write(fd, "# x\npv 0 splice\n", 16) == 16);
  close(fd);
  CHECK_FALSE(open_replay(path, problem));
  CHECK(std::string(problem).find("line 2: ") == 0);
  unlink(path);
  CHECK_FALSE(replaying());
}

}  // namespace
}  // namespace anysplice::inject
