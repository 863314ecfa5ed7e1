// `anysplice run`: prepares the environment and becomes the program; stays as its parent only if
// there is something to print at the end.
#include <errno.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <memory>
#include <optional>
#include <string>

#include "tools/check.h"
#include "tools/commands.h"
#include "tools/control_file.h"
#include "tools/injection.h"
#include "tools/launch.h"
#include "tools/leave_preload.h"
#include "tools/run_options.h"
#include "tools/stats_file.h"
#include "tools/stats_text.h"
#include "tools/status.h"
#include "tools/supervise.h"
#include "tools/supervisor/run_program.h"

namespace anysplice::tools {
namespace {

// How many there are.
size_t tell_findings(const CheckOptions& options, FindingsFile& file, int output) {
  const std::vector<ReuseFinding> list = file.list(options);
  if (!write_all(output, options.json ? findings_as_json(file.findings(), list)
                                      : findings_as_text(file.findings(), list))) {
    report(system_failure("cannot write the findings", errno));
  }
  return count_not_allowed(list);
}

// Stays as the program's parent, to tell at its end what was asked for.
int run_and_tell(const RunOptions& options, const std::string& program) {
  absl::StatusOr<int> output = STDERR_FILENO;
  std::unique_ptr<StatsFile> stats;
  if (options.stats) {
    output = open_output(options.stats_file);
    if (!output.ok()) return report(output.status());
    auto made = StatsFile::create();
    if (!made.ok()) return report(made.status());
    stats = *std::move(made);
    setenv("ANYSPLICE_STATS", stats->path().c_str(), 1);
  }
  std::unique_ptr<JournaledRun> journaled;
  if (options.inject.journaled()) {
    auto made = JournaledRun::prepare(options.inject);
    if (!made.ok()) return report(made.status());
    journaled = *std::move(made);
  }

  std::unique_ptr<ControlFile> control;
  if (options.inject.control) {
    auto made = ControlFile::create(options.inject.spec);
    if (!made.ok()) return report(made.status());
    control = *std::move(made);
    setenv("ANYSPLICE_CONTROL", control->path().c_str(), 1);
  }

  absl::StatusOr<int> check_output = STDERR_FILENO;
  std::unique_ptr<FindingsFile> findings;
  if (options.check.reuse) {
    check_output = open_output(options.check.file);
    if (!check_output.ok()) return report(check_output.status());
    auto made = FindingsFile::create();
    if (!made.ok()) return report(made.status());
    findings = *std::move(made);
    setenv("ANYSPLICE_FINDINGS", findings->path().c_str(), 1);
  }

  bool seen = true;
  absl::StatusOr<int> status = run_program(options, program, std::nullopt, &seen);
  if (!status.ok()) return report(status.status());
  if (stats != nullptr && seen &&
      !write_all(*output, options.stats_json ? stats_as_json(stats->stats())
                                             : stats_as_lines(stats->stats()))) {
    report(system_failure("cannot write the statistics", errno));
  }
  if (journaled != nullptr) report(journaled->finish());
  if (findings != nullptr && tell_findings(options.check, *findings, *check_output) > 0 &&
      *status == 0) {
    status = W_EXITCODE(1, 0);
  }
  // Whatever is temporary goes before a signal ends us.
  stats.reset();
  journaled.reset();
  control.reset();
  findings.reset();
  end_like(*status);
}

}  // namespace

int run_command(absl::Span<char* const> words) {
  leave_preload_to_programs("run", words);
  int status = 0;
  std::optional<RunOptions> options = begin_command(words, kRunHelp, nullptr, &status);
  if (!options) return status;

  const absl::StatusOr<std::string> program = prepare(&*options);
  if (!program.ok()) return report(program.status());
  const bool tells = options->stats || options->inject.control || options->inject.journaled() ||
                     options->check.reuse || options->supervised.any();
  return tells ? run_and_tell(*options, *program) : become(*options, *program);
}

}  // namespace anysplice::tools
