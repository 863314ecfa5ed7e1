// What the benchmark makes of its measurements.
#include <errno.h>

#include <string>
#include <vector>

#include "tests/catch.h"
#include "tools/bench/report.h"
#include "tools/bench/schedule.h"
#include "tools/bench/statistics.h"

namespace anysplice::tools::bench {
namespace {

TEST_CASE("medians and quartiles", "[bench]") {
  const Summary none = summarize({});
  CHECK(none.count == 0);
  CHECK(none.median == 0);

  const Summary one = summarize({7});
  CHECK(one.count == 1);
  CHECK(one.low == 7);
  CHECK(one.median == 7);
  CHECK(one.high == 7);

  const Summary odd = summarize({50, 10, 40, 20, 30});
  CHECK(odd.count == 5);
  CHECK(odd.low == 20);
  CHECK(odd.median == 30);
  CHECK(odd.high == 40);

  const Summary even = summarize({4, 1, 3, 2});
  CHECK(even.low == Approx(1.75));
  CHECK(even.median == Approx(2.5));
  CHECK(even.high == Approx(3.25));
}

TEST_CASE("one wild value does not move the median", "[bench]") {
  CHECK(summarize({1, 1, 1, 1, 1000}).median == 1);
  CHECK(summarize({1, 1, 1, 1, 1000}).high == 1);
}

TEST_CASE("values are compared with those of their own round", "[bench]") {
  const std::vector<double> values = {2, 30, 400};
  const std::vector<double> bases = {1, 10, 100};
  CHECK(paired_ratios(values, bases) == std::vector<double>{2, 3, 4});
  CHECK(paired_differences(values, bases) == std::vector<double>{1, 20, 300});
}

TEST_CASE("a round in which one side is missing does not count", "[bench]") {
  const std::vector<double> values = {2, 0, 6, 9};
  const std::vector<double> bases = {1, 10, 0};
  CHECK(paired_ratios(values, bases) == std::vector<double>{2});
  CHECK(paired_differences(values, bases) == std::vector<double>{1});
  CHECK(paired_ratios({}, bases).empty());
}

TEST_CASE("sizes are read", "[bench]") {
  CHECK(*parse_size("1") == 1);
  CHECK(*parse_size("4096") == 4096);
  CHECK(*parse_size("64K") == 64 * 1024);
  CHECK(*parse_size("1M") == 1 << 20);
  for (const char* wrong : {"", "0", "K", "-1", "2M", "1048577", "64k", "64KB", "1e3",
                            "99999999999999999999", "18014398509481984K"}) {
    CAPTURE(wrong);
    CHECK_FALSE(parse_size(wrong).ok());
  }
  CHECK(size_name(1) == "1 B");
  CHECK(size_name(64 << 10) == "64 KiB");
  CHECK(size_name(1500) == "1500 B");
  CHECK(size_name(1 << 20) == "1 MiB");
}

TEST_CASE("scenarios and sides are found by their names", "[bench]") {
  CHECK(*parse_names("exec,pipe-pipe") == std::vector<std::string>{"exec", "pipe-pipe"});
  CHECK_FALSE(parse_names("pipe-pipe,").ok());
  CHECK_THAT(std::string(parse_names("all").status().message()), Catch::Contains("tee-discard"));
  CHECK(*parse_sides("rings-off,kernel,kernel") ==
        std::vector<Side>{Side::kNoRings, Side::kKernel});
  CHECK_FALSE(parse_sides("rings").ok());
}

// A report with one scenario, as measured by hand.
BenchReport small_report() {
  BenchReport report{.system = "S<1>", .processors = 2, .plan = {3, 0.01}, .size = 65536};
  Row row{Group::kScenarios, find_kind("pipe-pipe"), {}, {}};
  SideResult& kernel = row.result.sides[index_of(Side::kKernel)];
  kernel.ran = true;
  kernel.seconds = summarize({2e-6});
  kernel.ratio = summarize({1});
  SideResult& rings = row.result.sides[index_of(Side::kRings)];
  rings.ran = true;
  rings.seconds = summarize({0.5e-6});
  rings.ratio = summarize({3, 4, 5});
  row.result.sides[index_of(Side::kNoRings)].error = EINVAL;
  row.result.sides[index_of(Side::kCopies)].lost = true;
  report.rows.push_back(row);
  return report;
}

TEST_CASE("the table tells times, ratios and failures", "[bench]") {
  const std::string table = as_table(small_report());
  CHECK_THAT(table, Catch::Contains("2.00 us"));
  CHECK_THAT(table, Catch::Contains("0.50 us"));
  CHECK_THAT(table, Catch::Contains("4.00 (3.50-4.50)"));
  CHECK_THAT(table, Catch::Contains("EINVAL"));
  CHECK_THAT(table, Catch::Contains("lost"));
}

TEST_CASE("a kernel without the call is named in its column", "[bench]") {
  BenchReport report = small_report();
  SideResult& kernel = report.rows[0].result.sides[index_of(Side::kKernel)];
  kernel = {};
  kernel.error = ENOSYS;
  report.rows[0].result.sides[index_of(Side::kRings)].ratio = {};
  const std::string table = as_table(report);
  CHECK_THAT(table, Catch::Contains("ENOSYS"));
  CHECK_THAT(table, Catch::Contains("0.50 us"));
}

TEST_CASE("the page holds everything itself", "[bench]") {
  const std::string page = as_html(small_report());
  CHECK_THAT(page, Catch::StartsWith("<!DOCTYPE html>"));
  CHECK_THAT(page, Catch::Contains("<svg"));
  CHECK_THAT(page, Catch::Contains("S&lt;1&gt;"));
  CHECK_THAT(page, Catch::Contains("4.00 (3.50-4.50)"));
  for (const char* external : {"http:", "https:", "<script", "src=", "url(", "@import"}) {
    CAPTURE(external);
    CHECK(page.find(external) == std::string::npos);
  }
}

}  // namespace
}  // namespace anysplice::tools::bench
