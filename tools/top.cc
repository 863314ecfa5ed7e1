// `anysplice top`: the counters of a program while it runs.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "tools/commands.h"
#include "tools/launch.h"
#include "tools/leave_preload.h"
#include "tools/run_options.h"
#include "tools/stats_file.h"
#include "tools/stats_of_process.h"
#include "tools/status.h"
#include "tools/supervise.h"
#include "tools/supervisor/run_program.h"
#include "tools/top_view.h"

namespace anysplice::tools {
namespace {

using Seconds = std::chrono::duration<double>;

constexpr absl::string_view kHelp =
    R"(Usage: anysplice top [OPTION]... [--] PROGRAM [ARGUMENT]...
       anysplice top [OPTION]... --pid=PID

Shows what anysplice does for a program while it runs: calls, bytes by who
moved them, times, sizes, and why pipes were settled.

  --pid=PID          watch a running program that was started by
                     'anysplice run --stats'
  --interval=S       seconds between views, from 0.1 to 3600 (default 1)
  --count=N          stop after N views
  --help, --version

The view of PROGRAM is written to stderr, that of --pid to stdout; on a terminal
it replaces the one before. Redirect the program's own output. The options of
'anysplice run' are accepted too, except --stats, --control, --record,
--replay, --no-preload, --supervise, --fallback and --quiet.
)";

constexpr OptionSpec kOptions[] = {
    {"--pid", Takes::kValue, "PID"},
    {"--interval", Takes::kValue, "SECONDS"},
    {"--count", Takes::kValue, "N"},
};

struct TopOptions {
  std::optional<pid_t> pid;
  Seconds interval{1};
  int count = 0;  // 0: no end
};

absl::Status apply(const Option& option, TopOptions* options) {
  const absl::string_view text = *option.value;
  if (option.name == "--pid") {
    pid_t pid = 0;
    if (!absl::SimpleAtoi(text, &pid) || pid <= 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("--pid takes a process number, not '", text, "'"));
    }
    options->pid = pid;
  } else if (option.name == "--interval") {
    double seconds = 0;
    if (!absl::SimpleAtod(text, &seconds) || !(seconds >= 0.1 && seconds <= 3600)) {
      return absl::InvalidArgumentError(
          absl::StrCat("--interval takes seconds from 0.1 to 3600, not '", text, "'"));
    }
    options->interval = Seconds(seconds);
  } else if (!absl::SimpleAtoi(text, &options->count) || options->count <= 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--count takes a number from 1, not '", text, "'"));
  }
  return absl::OkStatus();
}

std::string name_of(uint64_t pid) {
  std::string name;
  std::getline(std::ifstream(absl::StrCat("/proc/", pid, "/comm")), name);
  return name;
}

// One look after another, each shown as what has changed since the one before.
class View {
 public:
  View(const Stats& stats, std::string name, int output)
      : stats_(stats), name_(std::move(name)), output_(output), before_(copy_of(stats)) {
    if (isatty(output) == 1) terminal_ = true;
    if (terminal_) write_all(output_, "\033[2J");
  }

  int shown() const { return shown_; }

  void show() {
    const auto now = std::chrono::steady_clock::now();
    std::unique_ptr<Stats> current = copy_of(stats_);
    const Seconds passed = now - last_;
    const Seconds since_start = now - start_;
    winsize size{24, 80, 0, 0};
    if (terminal_ && (ioctl(output_, TIOCGWINSZ, &size) != 0 || size.ws_row == 0)) {
      size = {24, 80, 0, 0};
    }
    const TopLook look{*before_, *current, std::max(passed.count(), 1e-3), name_of};
    const std::string title = absl::StrFormat("anysplice top: %s, %.0f s, interval %.1f s", name_,
                                              since_start.count(), passed.count());
    // The last line of a terminal stays empty, lest it scrolls.
    const size_t height = terminal_ ? std::max<size_t>(size.ws_row, 2) - 1 : SIZE_MAX;
    std::string text = terminal_ ? "\033[H" : shown_ > 0 ? "\n" : "";
    for (const std::string& line : top_lines(look, title, terminal_ ? size.ws_col : 80, height)) {
      absl::StrAppend(&text, line, terminal_ ? "\033[K\n" : "\n");
    }
    if (terminal_) text += "\033[J";
    write_all(output_, text);
    before_ = std::move(current);
    last_ = now;
    ++shown_;
  }

 private:
  const Stats& stats_;
  std::string name_;
  int output_;
  bool terminal_ = false;
  int shown_ = 0;
  std::unique_ptr<Stats> before_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::chrono::steady_clock::time_point last_ = start_;
};

int watch_process(const TopOptions& options) {
  const absl::StatusOr<const Stats*> stats = stats_of_process(*options.pid);
  if (!stats.ok()) return report(stats.status());
  View view(**stats, absl::StrCat("process ", *options.pid), STDOUT_FILENO);
  bool there = true;
  while (there && (options.count == 0 || view.shown() < options.count)) {
    std::this_thread::sleep_for(options.interval);
    there = !name_of(static_cast<uint64_t>(*options.pid)).empty();
    view.show();
  }
  return 0;
}

int watch_program(const TopOptions& options, RunOptions run) {
  const absl::StatusOr<std::string> program = prepare(&run);
  pid_t pid = 0;
  if (absl::IsNotFound(program.status()) && absl::SimpleAtoi(run.command[0], &pid)) {
    return report(absl::NotFoundError(absl::StrCat(
        program.status().message(), "; to watch the process with that number: --pid=", pid)));
  }
  if (!program.ok()) return report(program.status());
  absl::StatusOr<std::unique_ptr<StatsFile>> file = StatsFile::create();
  if (!file.ok()) return report(file.status());
  setenv("ANYSPLICE_STATS", (*file)->path().c_str(), 1);
  View view((*file)->stats(), run.command[0], STDERR_FILENO);
  const auto show = [&] {
    if (options.count == 0 || view.shown() < options.count) view.show();
  };
  const absl::StatusOr<int> status = run_program(run, *program, Tick{options.interval, show});
  if (!status.ok()) return report(status.status());
  show();
  file->reset();
  end_like(*status);
}

}  // namespace

absl::Span<const OptionSpec> top_options() { return kOptions; }

int top_command(absl::Span<char* const> words) {
  leave_preload_to_programs("top", words);
  TopOptions options;
  const auto apply_own = [&](const Option& option) { return apply(option, &options); };
  const OwnOptions own{"anysplice top", kOptions, apply_own};
  int status = 0;
  const std::optional<RunOptions> run = begin_command(words, kHelp, &own, &status);
  if (!run) return status;
  if (options.pid.has_value() == !run->command.empty()) {
    return report(absl::InvalidArgumentError(
        "either a program or --pid=PID is needed; try 'anysplice top --help'"));
  }
  return options.pid ? watch_process(options) : watch_program(options, *run);
}

}  // namespace anysplice::tools
