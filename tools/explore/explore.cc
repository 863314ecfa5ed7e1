// `anysplice explore`: a test, again and again, each time with another of its calls failing.
#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include <filesystem>
#include <optional>
#include <system_error>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "core/sys/say.h"
#include "tools/commands.h"
#include "tools/errno_names.h"
#include "tools/explore/report.h"
#include "tools/explore/search.h"
#include "tools/launch.h"
#include "tools/leave_preload.h"
#include "tools/program.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice explore [OPTION]... [--] COMMAND [ARGUMENT]...

Runs a test to see which calls of splice, tee, vmsplice, sendfile and
copy_file_range it makes, and then again and again, each time with one call
failing in a way that is legal for a kernel: short, interrupted, refused,
missing, ... Reports the failures that the test does not survive, and the
commands that repeat them.

A test survives if it exits with status 0 and the same standard output as
without failures. After errors such as a full disk it may also exit with another
status. With --check=reuse it may not change memory that is in a pipe, either.

  --output=FILE    FILE must be the same as well; it is removed before each
                   run, and the test must write it. May be given several times
  --process=NAME   fail only calls of the program with that name and of the
                   processes that it forks. May be given several times
  --status-only    do not compare standard output
  --jobs=N         run the test N times at once; {job} in COMMAND and in FILE
                   then stands for a number from 1 to N
  --max-runs=N     stop after N runs (default 200; no limit with --budget)
  --budget=TIME    stop after that time, as in 5m or 90s
  --resume=FILE    keep in FILE what the runs show; if FILE is there, go on
  --timeout=S      regard a run that takes longer as hanging (default ten times
                   as long as without failures, at least 5)
  --json           print the report as one JSON object
  --junit=FILE, --sarif=FILE, --html=FILE
                   write it as JUnit XML, as SARIF 2.1.0, or as a page, too
  --help, --version

The options of 'anysplice run' are accepted too, except --stats, --control,
--record, --replay, --no-preload, --supervise, --fallback and --quiet. Standard
input is empty; standard output is a file. Processes that a run leaves behind
are killed. Where several calls fail in one run, as few as are enough are looked
for.

The exit status is 0 if the test survives everything that was tried, 1 if
not, and 125 if it cannot be explored. See anysplice(1).
)";

constexpr OptionSpec kOptions[] = {
    {"--output", Takes::kValue, "FILE"},
    {"--process", Takes::kValue, "NAME"},
    {"--status-only"},
    {"--jobs", Takes::kValue, "N"},
    {"--max-runs", Takes::kValue, "N"},
    {"--budget", Takes::kValue, "TIME"},
    {"--resume", Takes::kValue, "FILE"},
    {"--timeout", Takes::kValue, "SECONDS"},
    {"--json"},
    {"--junit", Takes::kValue, "FILE"},
    {"--sarif", Takes::kValue, "FILE"},
    {"--html", Takes::kValue, "FILE"},
};

// Where a report goes, opened before the time is spent.
struct Report {
  std::string option;
  std::string file;
  std::string (*text)(const Exploration&);
  int fd = -1;
};

struct ExploreOptions {
  SearchOptions search;
  std::vector<Report> reports;
  bool json = false;
};

absl::Status read_count(const Option& option, size_t least, size_t most, size_t* count) {
  if (absl::SimpleAtoi(*option.value, count) && *count >= least && *count <= most) {
    return absl::OkStatus();
  }
  const std::string to = most == SIZE_MAX ? "" : absl::StrCat(" to ", most);
  return absl::InvalidArgumentError(
      absl::StrCat(option.name, " takes a number from ", least, to, ", not '", *option.value, "'"));
}

absl::Status read_budget(const Option& option, std::optional<Seconds>* budget) {
  absl::Duration time;
  if (!absl::ParseDuration(*option.value, &time) || time < absl::Seconds(1) ||
      time > absl::Hours(24 * 365)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--budget takes a time such as 90s, 5m or 1h30m, not '", *option.value, "'"));
  }
  *budget = Seconds(absl::ToDoubleSeconds(time));
  return absl::OkStatus();
}

absl::Status read_timeout(const Option& option, std::optional<Seconds>* timeout) {
  double seconds;
  if (!absl::SimpleAtod(*option.value, &seconds) || !(seconds >= 0.1 && seconds <= 3600)) {
    return absl::InvalidArgumentError(
        absl::StrCat("--timeout takes seconds from 0.1 to 3600, not '", *option.value, "'"));
  }
  *timeout = Seconds(seconds);
  return absl::OkStatus();
}

absl::Status apply(const Option& option, ExploreOptions* options) {
  SearchOptions& search = options->search;
  const auto report = [&](std::string (*text)(const Exploration&)) {
    options->reports.push_back({std::string(option.name), std::string(*option.value), text});
    return absl::OkStatus();
  };
  if (option.name == "--junit") return report(as_junit);
  if (option.name == "--sarif") return report(as_sarif);
  if (option.name == "--html") return report(as_html);
  if (option.name == "--jobs") return read_count(option, 1, 64, &search.jobs);
  if (option.name == "--max-runs") {
    return read_count(option, 3, SIZE_MAX, &search.max_runs.emplace());
  }
  if (option.name == "--budget") return read_budget(option, &search.budget);
  if (option.name == "--timeout") return read_timeout(option, &search.timeout);
  if (option.name == "--resume") {
    search.resume = std::string(*option.value);
    if (search.resume.empty()) return absl::InvalidArgumentError("--resume= needs a file name");
  }
  options->json |= option.name == "--json";
  search.trial.compare_stdout &= option.name != "--status-only";
  if (option.name == "--output") search.trial.files.emplace_back(*option.value);
  if (option.name == "--process") search.processes.emplace_back(*option.value);
  return absl::OkStatus();
}

// `anysplice run` with the options that were given, for a shell.
std::string prefix_of(const RunOptions& run) {
  std::string text = "anysplice run";
  if (run.mode) absl::StrAppend(&text, " --mode=", *run.mode);
  if (run.rings) absl::StrAppend(&text, " --rings=", *run.rings);
  if (run.vmsplice) absl::StrAppend(&text, " --vmsplice=", *run.vmsplice);
  if (run.block.any()) absl::StrAppend(&text, " --block=", errno_name(run.block_errno));
  if (run.block.any() && !run.block.all()) {
    std::vector<absl::string_view> calls;
    for (size_t i = 0; i < kCalls; ++i) {
      if (run.block.test(i)) calls.push_back(kCallNames[i]);
    }
    absl::StrAppend(&text, " --block-calls=", absl::StrJoin(calls, ","));
  }
  if (run.check.reuse) absl::StrAppend(&text, " --check=", shell_word(text_of(run.check)));
  if (!run.inject.spec.empty()) absl::StrAppend(&text, " --inject ", shell_word(run.inject.spec));
  return text;
}

std::string command_of(const RunOptions& run) {
  return absl::StrJoin(run.command, " ", [](std::string* out, const char* word) {
    absl::StrAppend(out, shell_word(absl::StrReplaceAll(word, {{"{job}", "1"}})));
  });
}

// Runs at the same time must not write to one file.
absl::Status check_files(const SearchOptions& search) {
  for (const std::string& file : search.trial.files) {
    if (search.jobs > 1 && !absl::StrContains(file, "{job}")) {
      return absl::InvalidArgumentError(absl::StrCat(
          "with --jobs each run needs a file of its own; put {job} into --output=", file,
          " and into the command"));
    }
  }
  return absl::OkStatus();
}

// It would be removed.
absl::Status check_not_the_program(const TrialOptions& trial) {
  const absl::StatusOr<std::string> program = find_program(trial.run.command[0]);
  if (!program.ok()) return program.status();
  for (const std::string& file : trial.files) {
    std::error_code error;
    if (std::filesystem::equivalent(file, *program, error)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--output=", file, " is the test command itself"));
    }
  }
  return absl::OkStatus();
}

// Who answers the calls is told once: in the runs the last line on stderr is to be the test's own.
void tell_once(RunOptions* run) {
  if (run->supervised.any() && !run->preload) {
    say(run->falls_back_because.c_str(), ": its calls are carried out by this command");
  }
  run->quiet = true;
}

absl::Status open_reports(std::vector<Report>* reports) {
  for (Report& report : *reports) {
    if (report.file.empty()) {
      return absl::InvalidArgumentError(absl::StrCat(report.option, "= needs a file name"));
    }
    const absl::StatusOr<int> fd = open_output(report.file);
    if (!fd.ok()) return fd.status();
    report.fd = *fd;
  }
  return absl::OkStatus();
}

absl::Status write_reports(const Exploration& exploration, const std::vector<Report>& reports) {
  for (const Report& report : reports) {
    if (!write_all(report.fd, report.text(exploration)) || close(report.fd) != 0) {
      return system_failure(absl::StrCat("cannot write '", report.file, "'"), errno);
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OptionSpec> explore_options() { return kOptions; }

int explore_command(absl::Span<char* const> words) {
  leave_preload("explore", words);
  ExploreOptions options;
  const auto apply_own = [&](const Option& option) { return apply(option, &options); };
  const OwnOptions own{"anysplice explore", kOptions, apply_own};
  int status = 0;
  const std::optional<RunOptions> run = begin_command(words, kHelp, &own, &status);
  if (!run) return status;
  if (run->command.empty()) {
    return report(
        absl::InvalidArgumentError("no test command given; try 'anysplice explore --help'"));
  }
  SearchOptions& search = options.search;
  search.trial.run = *run;
  Exploration exploration;
  exploration.command = command_of(*run);
  exploration.program = run->command[0];
  exploration.prefix = prefix_of(*run);
  if (auto checked = check_not_the_program(search.trial); !checked.ok()) return report(checked);
  if (auto checked = check_files(search); !checked.ok()) return report(checked);
  absl::StatusOr<std::string> program = prepare(&search.trial.run);
  if (!program.ok()) return report(program.status());
  search.trial.program = *std::move(program);
  tell_once(&search.trial.run);
  if (auto opened = open_reports(&options.reports); !opened.ok()) return report(opened);
  if (auto explored = explore(search, &exploration); !explored.ok()) return report(explored);
  if (auto written = write_reports(exploration, options.reports); !written.ok()) {
    return report(written);
  }
  if (const int error = print(options.json ? as_json(exploration) : as_text(exploration));
      error != 0) {
    return error;
  }
  return exploration.findings.empty() ? 0 : 1;
}

}  // namespace anysplice::tools
