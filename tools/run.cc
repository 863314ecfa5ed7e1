// `anysplice run`: prepares the environment and becomes the program; stays as its parent only if
// there is something to print at the end.
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/commands.h"
#include "tools/library_path.h"
#include "tools/preload_list.h"
#include "tools/program.h"
#include "tools/run_options.h"
#include "tools/stats_file.h"
#include "tools/stats_text.h"
#include "tools/status.h"
#include "tools/supervise.h"

namespace anysplice::tools {
namespace {

absl::Status prepare_preload(const RunOptions& options, const std::string& program) {
  const absl::StatusOr<std::string> library = find_library();
  if (!library.ok()) return library.status();
  const bool no_new_privs = options.block.any() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  if (auto status = check_preloadable(program, *library, no_new_privs); !status.ok()) return status;

  const char* before = getenv("LD_PRELOAD");
  const absl::StatusOr<std::string> list = with_library(before != nullptr ? before : "", *library);
  if (!list.ok()) return list.status();
  setenv("LD_PRELOAD", list->c_str(), 1);
  if (options.mode) setenv("ANYSPLICE_MODE", options.mode->c_str(), 1);
  if (options.rings) setenv("ANYSPLICE_RINGS", options.rings->c_str(), 1);
  return absl::OkStatus();
}

// Becomes the program; returns an exit status only if that fails.
int become(const RunOptions& options, const std::string& program) {
  if (options.block.any()) {
    if (auto status = block_calls(options.block, options.block_errno); !status.ok()) {
      return report(status);
    }
  }
  // The words come from main's argv, where a null pointer follows the last one.
  execvp(program.c_str(), options.command.data());
  const int error = errno;
  const std::string text = absl::StrCat("cannot run '", program, "': ", strerror(error));
  return report(error == ENOENT ? absl::NotFoundError(text) : absl::PermissionDeniedError(text));
}

absl::StatusOr<int> open_output(const std::string& file) {
  if (file.empty()) return STDERR_FILENO;
  const int fd = open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0666);
  if (fd < 0) return system_failure(absl::StrCat("cannot write '", file, "'"), errno);
  return fd;
}

bool write_all(int fd, absl::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    text.remove_prefix(static_cast<size_t>(n));
  }
  return true;
}

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

  const absl::StatusOr<std::string> program = find_program(options->command[0]);
  if (!program.ok()) return report(program.status());
  if (options->preload) {
    if (auto status = prepare_preload(*options, *program); !status.ok()) return report(status);
  }
  return options->stats ? run_with_stats(*options, *program) : become(*options, *program);
}

}  // namespace anysplice::tools
