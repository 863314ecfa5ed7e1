// `anysplice trace`: runs a program and has the library write down each call and each settled pipe.
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tools/commands.h"
#include "tools/launch.h"
#include "tools/leave_preload.h"
#include "tools/run_options.h"
#include "tools/status.h"
#include "tools/supervise.h"
#include "tools/supervisor/run_program.h"
#include "tools/trace_output.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice trace [OPTION]... [--] PROGRAM [ARGUMENT]...

Runs PROGRAM and prints a line for each of its calls of splice, tee, vmsplice,
sendfile and copy_file_range: who answered it, and how long it took. Another
kind of line tells why a pipe was settled, that is, put back into the kernel:

  splice(3<file:/etc/hosts>, [0], 5<pipe>, NULL, 65536, 0) = 187 <ring, 9.1 us>
  pipe 4 settled: poll, 187 bytes

  -f                 also trace the processes that PROGRAM creates; each line
                     begins with the process number
  -o FILE            write to FILE; without it, to stderr
  -t                 begin with the time of the call, in seconds since 1970
  -r                 begin with the seconds since the start
  --json             one JSON object a line, which has the time: not with -t, -r
  --help, --version

The options of 'anysplice run' are accepted too, except --stats, --control,
--record, --replay, --no-preload, --supervise, --fallback and --quiet. The exit
status is that of the program. See anysplice(1).
)";

constexpr OptionSpec kOptions[] = {
    {"-f"}, {"-o", Takes::kValue, "FILE"}, {"-t"}, {"-r"}, {"--json"},
};

struct TraceOptions {
  bool follow = false;
  bool epoch = false;
  bool relative = false;
  bool json = false;
  std::string file;  // empty: stderr
};

absl::Status apply(const Option& option, TraceOptions* options) {
  options->follow |= option.name == "-f";
  options->epoch |= option.name == "-t";
  options->relative |= option.name == "-r";
  options->json |= option.name == "--json";
  if (option.name == "-o") {
    options->file = std::string(*option.value);
    if (options->file.empty()) {
      return absl::InvalidArgumentError("-o needs a file name");
    }
  }
  return absl::OkStatus();
}

// The value of ANYSPLICE_TRACE_OPTIONS, as the process that will be traced.
std::string for_library(const TraceOptions& options, const timespec& start) {
  std::string words = options.json ? "json" : "";
  if (options.epoch) words += ",epoch";
  if (options.relative) {
    absl::StrAppend(&words, ",since=", start.tv_sec * int64_t{1000000000} + start.tv_nsec);
  }
  if (!options.follow) absl::StrAppend(&words, ",only=", getpid());
  return words;
}

int trace(const TraceOptions& options, RunOptions run) {
  constexpr std::chrono::duration<double> kInterval(0.05);
  const absl::StatusOr<std::string> program = prepare(&run);
  if (!program.ok()) return report(program.status());
  if (run.preload) {  // of what goes past the library there is none
    run.supervised.reset();
    run.falls_back_because.clear();
  }
  absl::StatusOr<std::unique_ptr<TraceOutput>> output = TraceOutput::open(options.file);
  if (!output.ok()) return report(output.status());
  setenv("ANYSPLICE_TRACE", (*output)->path().c_str(), 1);
  timespec start;
  clock_gettime(CLOCK_REALTIME, &start);
  const auto pass_on = [&] { (*output)->pass_on(); };
  const Tick tick{kInterval, pass_on};
  const auto set_options = [&] {
    setenv("ANYSPLICE_TRACE_OPTIONS", for_library(options, start).c_str(), 1);
  };
  // Calls that are carried out here are traced here.
  if (run.supervised.any()) set_options();
  const absl::StatusOr<int> status = run.supervised.any() ? run_program(run, *program, tick)
                                                          : run_child(
                                                                [&] {
                                                                  set_options();
                                                                  return become(run, *program);
                                                                },
                                                                tick);
  if (!status.ok()) return report(status.status());
  if (!(*output)->pass_on()) report(system_failure("cannot write the trace", errno));
  output->reset();
  end_like(*status);
}

}  // namespace

absl::Span<const OptionSpec> trace_options() { return kOptions; }

int trace_command(absl::Span<char* const> words) {
  leave_preload_to_programs("trace", words);
  TraceOptions options;
  const auto apply_own = [&](const Option& option) { return apply(option, &options); };
  const OwnOptions own{"anysplice trace", kOptions, apply_own};
  int status = 0;
  const std::optional<RunOptions> run = begin_command(words, kHelp, &own, &status);
  if (!run) return status;
  if (options.json && (options.epoch || options.relative)) {
    return report(
        absl::InvalidArgumentError(absl::StrCat("--json and ", options.epoch ? "-t" : "-r",
                                                " exclude each other: the objects have the time")));
  }
  if (run->command.empty()) {
    return report(absl::InvalidArgumentError("no program given; try 'anysplice trace --help'"));
  }
  return trace(options, *run);
}

}  // namespace anysplice::tools
