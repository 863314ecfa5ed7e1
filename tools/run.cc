// `anysplice run`: prepares the environment and becomes the program; stays as its parent only if
// there is something to print at the end.
#include <errno.h>
#include <stdlib.h>

#include <memory>
#include <string>

#include "tools/commands.h"
#include "tools/launch.h"
#include "tools/run_options.h"
#include "tools/stats_file.h"
#include "tools/stats_text.h"
#include "tools/status.h"
#include "tools/supervise.h"

namespace anysplice::tools {
namespace {

int run_with_stats(const RunOptions& options, const std::string& program) {
  const absl::StatusOr<int> output = open_output(options.stats_file);
  if (!output.ok()) return report(output.status());
  absl::StatusOr<std::unique_ptr<StatsFile>> file = StatsFile::create();
  if (!file.ok()) return report(file.status());
  setenv("ANYSPLICE_STATS", (*file)->path().c_str(), 1);

  const absl::StatusOr<int> status = run_child([&] { return become(options, program); });
  if (!status.ok()) return report(status.status());
  if (!write_all(*output, options.stats_json ? stats_as_json((*file)->stats())
                                             : stats_as_lines((*file)->stats()))) {
    report(system_failure("cannot write the statistics", errno));
  }
  file->reset();
  end_like(*status);
}

}  // namespace

int run_command(absl::Span<char* const> words) {
  const absl::StatusOr<RunOptions> options = parse_run_options(words);
  if (!options.ok()) return report(options.status());
  if (options->help) return print(kRunHelp);
  if (options->version) return print_version();

  const absl::StatusOr<std::string> program = prepare(*options);
  if (!program.ok()) return report(program.status());
  return options->stats ? run_with_stats(*options, *program) : become(*options, *program);
}

}  // namespace anysplice::tools
