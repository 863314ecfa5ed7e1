// `anysplice explore`: a test, again and again, each time with another of its calls failing.
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <system_error>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "tools/commands.h"
#include "tools/errno_names.h"
#include "tools/explore/report.h"
#include "tools/leave_preload.h"
#include "tools/program.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice explore [OPTION]... [--] COMMAND [ARGUMENT]...

Runs a test to see which calls of splice, tee, vmsplice and sendfile it makes,
and then again and again, each time with one call failing in a way that is
legal for a kernel: short, interrupted, refused, missing, ... Reports the
failures that the test does not survive, and the commands that repeat them.

A test survives if it exits with status 0 and the same standard output as
without failures. After errors such as a full disk it may also exit with another
status. With --check=reuse it may not change memory that is in a pipe, either.

  --output=FILE    FILE must be the same as well; it is removed before each
                   run. May be given several times
  --process=NAME   fail only calls of the program with that name and of the
                   processes that it forks. May be given several times
  --status-only    do not compare standard output
  --max-runs=N     stop after N runs (default 200)
  --timeout=S      regard a run that takes longer as hanging (default ten times
                   as long as without failures, at least 5)
  --json           print the report as one JSON object
  --help, --version

The options of 'anysplice run' are accepted too, except --stats, --record,
--replay, --no-preload, --fallback and --quiet. Standard input is empty;
standard output is a file. Processes that a run leaves behind are killed.

The exit status is 0 if the test survives everything that was tried, 1 if
not, and 125 if it cannot be explored. See anysplice(1).
)";

constexpr OptionSpec kOptions[] = {
    {"--output", Takes::kValue, "FILE"}, {"--process", Takes::kValue, "NAME"},    {"--status-only"},
    {"--max-runs", Takes::kValue, "N"},  {"--timeout", Takes::kValue, "SECONDS"}, {"--json"},
};

struct ExploreOptions {
  TrialOptions trial;
  std::vector<std::string> processes;  // none: all
  size_t max_runs = 200;
  std::optional<Seconds> timeout;
  bool json = false;
};

absl::Status apply(const Option& option, ExploreOptions* options) {
  if (option.name == "--json") {
    options->json = true;
  } else if (option.name == "--status-only") {
    options->trial.compare_stdout = false;
  } else if (option.name == "--output") {
    options->trial.files.emplace_back(*option.value);
  } else if (option.name == "--process") {
    options->processes.emplace_back(*option.value);
  } else if (option.name == "--max-runs") {
    if (!absl::SimpleAtoi(*option.value, &options->max_runs) || options->max_runs < 3) {
      return absl::InvalidArgumentError(
          absl::StrCat("--max-runs takes a number from 3, not '", *option.value, "'"));
    }
  } else {
    double seconds;
    if (!absl::SimpleAtod(*option.value, &seconds) || !(seconds >= 0.1 && seconds <= 3600)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--timeout takes seconds from 0.1 to 3600, not '", *option.value, "'"));
    }
    options->timeout = Seconds(seconds);
  }
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
    absl::StrAppend(out, shell_word(word));
  });
}

absl::Status check_clean(const ExploreOptions& options, const Trial& trial) {
  if (trial.timed_out) {
    return absl::FailedPreconditionError(
        "the test takes longer than --timeout even without any failure");
  }
  if (WIFEXITED(trial.wait_status) && WEXITSTATUS(trial.wait_status) == 0) return absl::OkStatus();
  const std::string said =
      trial.complaint.empty() ? "" : absl::StrCat("; it said: ", trial.complaint);
  return absl::FailedPreconditionError(
      absl::StrCat("the test fails without any failure (", end_of(trial), ")", said,
                   options.trial.run.mode ? "" : "; try it under 'anysplice run'"));
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

// Two runs without failures, to see what the test does and that it does it twice.
absl::StatusOr<Trial> look(const ExploreOptions& options, Trials* trials,
                           std::vector<Failure>* failures, Exploration* exploration) {
  const Seconds patience = options.timeout.value_or(Seconds(600));
  const absl::StatusOr<Trial> again = trials->clean(patience);
  if (!again.ok()) return again.status();
  if (auto status = check_clean(options, *again); !status.ok()) return status;
  absl::StatusOr<Trial> clean = trials->clean(patience);
  if (!clean.ok()) return clean.status();
  if (auto status = check_clean(options, *clean); !status.ok()) return status;
  if (clean->written != again->written) {
    return absl::FailedPreconditionError(
        "the output differs from run to run without any failure; compare only what stays the same "
        "(--status-only, --output)");
  }
  std::vector<const inject::Entry*> entries = trials->journal().entries();
  if (!options.processes.empty()) keep_calls_of(options.processes, &entries);
  if (entries.empty()) {
    return absl::FailedPreconditionError(absl::StrCat(
        "the test makes no call of splice, tee, vmsplice or sendfile that can be reached",
        options.processes.empty() ? "; see LIMITS in anysplice(7)" : " in such a process"));
  }
  std::set<std::string> processes;
  for (const inject::Entry* entry : entries) processes.insert(entry->site.process);
  exploration->calls = entries.size();
  exploration->processes = processes.size();
  *failures = legal_failures(entries);
  return clean;
}

void show_progress(const Exploration& exploration, size_t failures) {
  if (isatty(STDERR_FILENO) != 1) return;
  absl::FPrintF(stderr, "\r%d of %d failures tried, %d not survived ", exploration.tried, failures,
                exploration.findings.size());
}

absl::Status explore(const ExploreOptions& options, Exploration* exploration) {
  absl::StatusOr<std::unique_ptr<Trials>> trials = Trials::create(options.trial);
  if (!trials.ok()) return trials.status();
  std::vector<Failure> failures;
  const absl::StatusOr<Trial> clean = look(options, trials->get(), &failures, exploration);
  if (!clean.ok()) return clean.status();
  exploration->clean = *clean;
  exploration->add_clean();
  exploration->runs = 2;
  const Seconds timeout = options.timeout.value_or(std::max(Seconds(5), clean->took * 10));
  for (const Failure& failure : failures) {
    if (exploration->runs >= options.max_runs) break;
    // Each of these takes its time, and one tells enough.
    if (exploration->hangs_at(failure)) continue;
    ++exploration->runs;
    const absl::StatusOr<Trial> trial = (*trials)->with(failure.spec, timeout);
    if (!trial.ok()) return trial.status();
    const Verdict verdict = judge(*clean, *trial, failure.duty);
    bool steady = true;
    const bool wrong = verdict != Verdict::kSurvived && verdict != Verdict::kNotReached;
    // Only the first of a kind is made sure of: the others confirm each other.
    if (wrong && !exploration->knows(failure, *trial, verdict) &&
        exploration->runs < options.max_runs) {
      ++exploration->runs;
      const absl::StatusOr<Trial> again = (*trials)->with(failure.spec, timeout);
      if (!again.ok()) return again.status();
      steady = judge(*clean, *again, failure.duty) == verdict;
    }
    exploration->add(failure, *trial, verdict, steady);
    show_progress(*exploration, failures.size());
  }
  exploration->not_tried = failures.size() - exploration->tried;
  if (isatty(STDERR_FILENO) == 1) absl::FPrintF(stderr, "\n");
  return absl::OkStatus();
}

}  // namespace

int explore_command(absl::Span<char* const> words) {
  leave_preload("explore", words);
  ExploreOptions options;
  const auto apply_own = [&](const Option& option) { return apply(option, &options); };
  const OwnOptions own{kOptions, apply_own};
  int status = 0;
  const std::optional<RunOptions> run = begin_command(words, kHelp, &own, &status);
  if (!run) return status;
  if (run->command.empty()) {
    return report(
        absl::InvalidArgumentError("no test command given; try 'anysplice explore --help'"));
  }
  options.trial.run = *run;
  if (auto checked = check_not_the_program(options.trial); !checked.ok()) return report(checked);
  Exploration exploration;
  exploration.command = command_of(*run);
  exploration.prefix = prefix_of(*run);
  if (auto explored = explore(options, &exploration); !explored.ok()) return report(explored);
  if (const int error = print(options.json ? as_json(exploration) : as_text(exploration));
      error != 0) {
    return error;
  }
  return exploration.findings.empty() ? 0 : 1;
}

}  // namespace anysplice::tools
