// `anysplice bench`: how fast the engine is, beside the kernel.
#include <errno.h>
#include <stdio.h>

#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tools/bench/preload_cost.h"
#include "tools/bench/report.h"
#include "tools/bench/schedule.h"
#include "tools/commands.h"
#include "tools/leave_preload.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--scenario", Takes::kValue, "NAME,..."},
    {"--side", Takes::kValue, "NAME,..."},
    {"--size", Takes::kValue, "BYTES"},
    {"--seconds", Takes::kValue, "S"},
    {"--json"},
    {"--html", Takes::kValue, "FILE"},
    {"--list"},
    {"--help"},
    {"--version"},
};

constexpr absl::string_view kHelp =
    R"(Usage: anysplice bench [OPTION]...

Does the same work with the kernel's calls and with the engine's, in turn, in
short slices, and prints the speed of the engine divided by that of the kernel.
Needs nothing but the loopback interface. The engine is anysplice, with pipes in
memory (rings-on) or without; 4-copies emulates splice by a read and a write
through the kernel's pipe; no-pipe is a plain loop of read and write.

  --scenario=NAME,...  only these scenarios; --list prints their names
  --side=NAME,...      only these: kernel, rings-on, rings-off, 4-copies,
                       no-pipe
  --size=BYTES         bytes per operation, as in 4096, 16K, 1M (default 64K)
  --seconds=S          approximate duration of the whole run (default 60)
  --json               print one JSON object
  --html=FILE          write a page with charts as well
  --list               print the scenarios
  --help, --version

The exit status is 0, or 1 if the engine failed in a scenario, or 125 on wrong
usage.
)";

struct Request {
  bench::BenchOptions options;
  bool json = false;
  std::string html;  // empty: none
};

absl::Status apply(const Option& option, Request* request) {
  if (option.name == "--json") request->json = true;
  if (option.name == "--html") {
    if (option.value->empty()) return absl::InvalidArgumentError("--html needs a file name");
    request->html = std::string(*option.value);
  }
  if (option.name == "--scenario") {
    const auto names = bench::parse_names(*option.value);
    if (!names.ok()) return names.status();
    request->options.names = *names;
  }
  if (option.name == "--side") {
    const auto sides = bench::parse_sides(*option.value);
    if (!sides.ok()) return sides.status();
    request->options.sides = *sides;
  }
  if (option.name == "--size") {
    const auto size = bench::parse_size(*option.value);
    if (!size.ok()) return size.status();
    request->options.size = *size;
  }
  if (option.name == "--seconds") {
    double& seconds = request->options.seconds;
    if (!absl::SimpleAtod(*option.value, &seconds) || !(seconds > 0 && seconds <= 3600)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "--seconds is a number, more than 0 and at most 3600, not '", *option.value, "'"));
    }
  }
  return absl::OkStatus();
}

absl::Status write_file(const std::string& path, absl::string_view text) {
  FILE* file = fopen(path.c_str(), "we");
  if (file == nullptr) return system_failure(absl::StrCat("cannot write '", path, "'"), errno);
  const bool written = fwrite(text.data(), 1, text.size(), file) == text.size();
  if (fclose(file) != 0 || !written) {
    return system_failure(absl::StrCat("cannot write '", path, "'"), errno);
  }
  return absl::OkStatus();
}

bool engine_failed(const bench::BenchReport& report) {
  for (const bench::Row& row : report.rows) {
    for (const bench::Side side : {bench::Side::kRings, bench::Side::kNoRings}) {
      const bench::SideResult& result = row.result.of(side);
      if (result.error != 0 || result.lost) return true;
    }
  }
  return false;
}

}  // namespace

absl::Span<const OptionSpec> bench_options() { return kOptions; }

int bench_command(absl::Span<char* const> words) {
  if (words.size() == 3 && words[0] == bench::kCallTimer) {
    return bench::time_calls(words[1], words[2]);
  }
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice bench", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  if (parsed->has("--list")) return print(bench::name_list());
  if (!parsed->rest.empty()) {
    return report(absl::InvalidArgumentError(
        absl::StrCat("bench takes no argument, but was given '", parsed->rest[0], "'")));
  }
  Request request;
  for (const Option& option : parsed->options) {
    if (auto status = apply(option, &request); !status.ok()) return report(status);
  }
  leave_preload("bench", words);

  const bench::BenchReport found = bench::run_schedule(request.options);
  if (!request.html.empty()) {
    if (auto status = write_file(request.html, bench::as_html(found)); !status.ok()) {
      return report(status);
    }
  }
  const int status = print(request.json ? bench::as_json(found) : bench::as_table(found));
  if (status != 0) return status;
  return engine_failed(found) ? kExitUnusable : 0;
}

}  // namespace anysplice::tools
