// `anysplice run`: prepares the environment and becomes the program; stays as its parent only if
// there is something to print at the end.
#include <errno.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "tools/commands.h"
#include "tools/injection.h"
#include "tools/launch.h"
#include "tools/run_options.h"
#include "tools/stats_file.h"
#include "tools/stats_text.h"
#include "tools/status.h"
#include "tools/supervise.h"
#include "tools/supervisor/run_program.h"

namespace anysplice::tools {
namespace {

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

  const absl::StatusOr<int> status = run_program(options, program);
  if (!status.ok()) return report(status.status());
  if (stats != nullptr &&
      !write_all(*output, options.stats_json ? stats_as_json(stats->stats())
                                             : stats_as_lines(stats->stats()))) {
    report(system_failure("cannot write the statistics", errno));
  }
  if (journaled != nullptr) report(journaled->finish());
  // Whatever is temporary goes before a signal ends us.
  stats.reset();
  journaled.reset();
  end_like(*status);
}

}  // namespace

int run_command(absl::Span<char* const> words) {
  int status = 0;
  std::optional<RunOptions> options = begin_command(words, kRunHelp, nullptr, &status);
  if (!options) return status;

  const absl::StatusOr<std::string> program = prepare(&*options);
  if (!program.ok()) return report(program.status());
  const bool tells = options->stats || options->inject.journaled() || options->supervised.any();
  return tells ? run_and_tell(*options, *program) : become(*options, *program);
}

}  // namespace anysplice::tools
