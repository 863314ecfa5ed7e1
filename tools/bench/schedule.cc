#include "tools/bench/schedule.h"

#include <stdio.h>
#include <sys/resource.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "absl/algorithm/container.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "tools/library_path.h"

namespace anysplice::tools::bench {
namespace {

constexpr size_t kRounds = 21;
constexpr size_t kCurveRounds = 11;
constexpr double kLongestSlice = 0.05;
constexpr double kShortestSlice = 0.002;

struct Special {
  absl::string_view name;
  absl::string_view explain;
};
constexpr Special kThreads = {
    "threads", "file -> null in 1 to 64 threads, each with its own pipe and all with one"};
constexpr Special kPipes = {"pipes", "file -> null through one of 1 to 10000 pipes that are alive"};
constexpr Special kSizes = {"sizes", "1 byte to 1 MiB at a time, sendfile to 16 MiB"};
constexpr Special kPassThrough = {"pass-through", "a read and a write under the preload"};
constexpr Special kExec = {"exec", "the start of a program under the preload"};
constexpr Special kSpecials[] = {kThreads, kPipes, kSizes, kPassThrough, kExec};

bool wanted(const BenchOptions& options, absl::string_view name) {
  return options.names.empty() || absl::c_linear_search(options.names, name);
}

std::vector<Placement> placements_of(const Kind& kind) {
  if (!kind.peers) return {Placement::kAnywhere};
  if (!can_be_apart()) return {Placement::kTogether};
  return {Placement::kTogether, Placement::kApart};
}

std::vector<Row> rows_for(const BenchOptions& options) {
  std::vector<Row> rows;
  for (const Kind& kind : all_kinds()) {
    if (wanted(options, kind.name)) {
      for (const Placement placement : placements_of(kind)) {
        rows.push_back(
            {Group::kScenarios, &kind, {.size = options.size, .placement = placement}, {}});
      }
    }
  }
  if (wanted(options, kThreads.name)) {
    for (const Group group : {Group::kThreads, Group::kSharing}) {
      for (const size_t threads : {1u, 2u, 4u, 8u, 16u, 32u, 64u}) {
        const bool one_pipe = group == Group::kSharing;
        rows.push_back({group,
                        find_kind("file-null"),
                        {.size = 4096, .threads = threads, .one_pipe = one_pipe},
                        {}});
      }
    }
  }
  if (wanted(options, kPipes.name)) {
    for (const size_t pipes : {1u, 10u, 100u, 1000u, 10000u}) {
      rows.push_back({Group::kPipes, find_kind("file-null"), {.size = 4096, .pipes = pipes}, {}});
    }
  }
  if (wanted(options, kSizes.name)) {
    struct Growing {
      absl::string_view name;
      size_t most;  // that one call moves: a pipe's usual limit, or none
    };
    for (const Growing growing : {Growing{"file-tcp", 1 << 20}, Growing{"file-file", 1 << 20},
                                  Growing{"sendfile-tcp", 16 << 20}}) {
      const Kind* kind = find_kind(growing.name);
      for (const size_t size :
           {1, 64, 1024, 4096, 16 << 10, 64 << 10, 256 << 10, 1 << 20, 4 << 20, 16 << 20}) {
        if (size > growing.most) continue;
        rows.push_back(
            {Group::kSizes, kind, {.size = size, .placement = placements_of(*kind)[0]}, {}});
      }
    }
  }
  return rows;
}

// Where only growth is of interest, what needs most descriptors is left out.
std::vector<Side> sides_of(const Row& row, const BenchOptions& options) {
  const bool few = row.group != Group::kScenarios && row.group != Group::kSizes;
  std::vector<Side> sides;
  for (const Side side : options.sides) {
    if (row.kind->has(side) && !(few && side > Side::kNoRings)) sides.push_back(side);
  }
  return sides;
}

size_t rounds_of(const Row& row) { return row.group == Group::kScenarios ? kRounds : kCurveRounds; }

// The slice that makes the rows take so many seconds, with what it takes to set them up.
double slice_for(const std::vector<Row>& rows, const BenchOptions& options, double seconds) {
  double slices = 0;
  for (const Row& row : rows) {
    slices += static_cast<double>(rounds_of(row) * sides_of(row, options).size());
  }
  // Every slice is preceded by an eighth of it, see measure.cc.
  const double setup = 0.3 * static_cast<double>(rows.size());
  return std::clamp((seconds - setup) / (slices * 1.15), kShortestSlice, kLongestSlice);
}

// Allows this process all the descriptors that it may have; returns how many pipes that is.
size_t most_pipes() {
  constexpr rlim_t kOthers = 100;
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur > kOthers ? (limit.rlim_cur - kOthers) / 2 : 1;
}

class Progress {
 public:
  explicit Progress(size_t total) : total_(total), shown_(isatty(STDERR_FILENO) == 1) {}
  ~Progress() {
    if (shown_) fputs("\r\033[K", stderr);
  }
  void next(absl::string_view what) {
    ++done_;
    if (shown_) absl::FPrintF(stderr, "\r\033[K%d of %d: %s", done_, total_, what);
  }

 private:
  size_t done_ = 0;
  const size_t total_;
  const bool shown_;
};

std::string system_name() {
  utsname name;
  if (uname(&name) != 0) return "unknown system";
  return absl::StrCat(name.sysname, " ", name.release, " ", name.machine);
}

void measure_preload(const BenchOptions& options, double seconds, Progress& progress,
                     BenchReport* report) {
  const bool calls = wanted(options, kPassThrough.name);
  const bool exec = wanted(options, kExec.name);
  if (!calls && !exec) return;
  const absl::StatusOr<std::string> library = find_library();
  const auto keep = [report](auto found, auto* place, const Special& what) {
    if (found.ok()) {
      *place = *std::move(found);
    } else {
      report->problems.push_back(absl::StrCat(what.name, ": ", found.status().message()));
    }
  };
  if (!library.ok()) {
    report->problems.push_back(std::string(library.status().message()));
    return;
  }
  if (calls && is_static_command()) {
    report->problems.push_back(absl::StrCat(
        kPassThrough.name, ": this command loads no libraries, so they cannot be measured in it"));
  } else if (calls) {
    progress.next(kPassThrough.name);
    keep(measure_pass_through(*library, seconds), &report->pass_through, kPassThrough);
  }
  if (exec) {
    progress.next(kExec.name);
    keep(measure_exec(*library, seconds), &report->exec, kExec);
  }
}

}  // namespace

absl::StatusOr<size_t> parse_size(absl::string_view text) {
  absl::string_view digits = text;
  size_t unit = 1;
  if (absl::ConsumeSuffix(&digits, "K")) unit = 1 << 10;
  if (absl::ConsumeSuffix(&digits, "M")) unit = 1 << 20;
  constexpr size_t kMost = 1 << 20;
  size_t number = 0;
  if (!absl::SimpleAtoi(digits, &number) || number == 0 || number > kMost / unit) {
    return absl::InvalidArgumentError(
        absl::StrCat("--size is from 1 to 1M bytes, as in 4096 or 64K, not '", text, "'"));
  }
  return number * unit;
}

absl::StatusOr<std::vector<std::string>> parse_names(absl::string_view list) {
  std::vector<absl::string_view> known;
  for (const Kind& kind : all_kinds()) known.push_back(kind.name);
  for (const Special& special : kSpecials) known.push_back(special.name);
  std::vector<std::string> names = absl::StrSplit(list, ',');
  for (const std::string& name : names) {
    if (!absl::c_linear_search(known, name)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "unknown scenario '", name, "'; the scenarios are ", absl::StrJoin(known, ", ")));
    }
  }
  return names;
}

absl::StatusOr<std::vector<Side>> parse_sides(absl::string_view list) {
  constexpr absl::string_view kNames[kSides] = {"kernel", "rings-on", "rings-off", "4-copies",
                                                "no-pipe"};
  std::vector<Side> sides;
  for (const absl::string_view name : absl::StrSplit(list, ',')) {
    const auto* found = absl::c_find(kNames, name);
    if (found == std::end(kNames)) {
      return absl::InvalidArgumentError(
          absl::StrCat("unknown side '", name, "'; the sides are ", absl::StrJoin(kNames, ", ")));
    }
    const Side side = static_cast<Side>(found - std::begin(kNames));
    if (!absl::c_linear_search(sides, side)) sides.push_back(side);
  }
  return sides;
}

std::string name_list() {
  std::string out;
  for (const Kind& kind : all_kinds()) {
    absl::StrAppendFormat(&out, "%-18s %s\n", kind.name, kind.explain);
  }
  for (const Special& special : kSpecials) {
    absl::StrAppendFormat(&out, "%-18s %s\n", special.name, special.explain);
  }
  return out;
}

BenchReport run_schedule(const BenchOptions& options) {
  const size_t most = most_pipes();
  BenchReport report{.system = system_name(),
                     .processors = sysconf(_SC_NPROCESSORS_ONLN),
                     .plan = {},
                     .size = options.size,
                     .rows = rows_for(options)};
  const double preload_share = report.rows.empty() ? 0.5 : 0.06;
  const double others = wanted(options, kPassThrough.name) + wanted(options, kExec.name);
  report.plan = {kRounds,
                 slice_for(report.rows, options, options.seconds * (1 - preload_share * others))};
  Progress progress(report.rows.size() + static_cast<size_t>(others));
  for (Row& row : report.rows) {
    progress.next(absl::StrCat(row.kind->title, " ", label_of(row)));
    const std::vector<Side> sides = sides_of(row, options);
    row.setting.pipes = std::min(row.setting.pipes, most);
    const Plan plan{rounds_of(row), report.plan.slice, row.setting.pipes * sides.size() > most};
    row.result = measure(*row.kind, row.setting, plan, sides);
  }
  measure_preload(options, options.seconds * preload_share, progress, &report);
  return report;
}

}  // namespace anysplice::tools::bench
