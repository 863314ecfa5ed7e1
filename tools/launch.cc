#include "tools/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "core/sys/say.h"
#include "tools/fallback.h"
#include "tools/library_path.h"
#include "tools/preload_list.h"
#include "tools/program.h"
#include "tools/refused_calls.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

void set_environment(const RunOptions& options) {
  if (options.mode) setenv("ANYSPLICE_MODE", options.mode->c_str(), 1);
  if (options.rings) setenv("ANYSPLICE_RINGS", options.rings->c_str(), 1);
  if (options.vmsplice) setenv("ANYSPLICE_VMSPLICE", options.vmsplice->c_str(), 1);
  if (options.copy_file_range) {
    setenv("ANYSPLICE_COPY_FILE_RANGE", options.copy_file_range->c_str(), 1);
  }
  if (options.check.reuse) setenv("ANYSPLICE_CHECK", "reuse", 1);
  if (!options.inject.spec.empty()) setenv("ANYSPLICE_INJECT", options.inject.spec.c_str(), 1);
}

absl::Status prepare_preload(const RunOptions& options, const std::string& program) {
  const absl::StatusOr<std::string> library = find_library(libc_of(program));
  const bool no_new_privs = options.block.any() || prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
  const absl::Status status = check_preloadable(program, library, no_new_privs);
  // What a static program starts may load libraries.
  if (!library.ok() || (!status.ok() && !absl::IsUnimplemented(status))) return status;

  const char* before = getenv("LD_PRELOAD");
  const absl::StatusOr<std::string> list = with_library(before != nullptr ? before : "", *library);
  if (!list.ok()) return list.status();
  setenv("LD_PRELOAD", list->c_str(), 1);
  return status;
}

CallSet set_of(const std::string& names) {
  return names.empty() ? CallSet() : parse_calls(names).value_or(CallSet());
}

constexpr absl::string_view kPast = "do not go through the C library";

std::string go_program(const std::string& program) {
  return absl::StrCat("'", program, "' is a Go program, whose system calls ", kPast);
}

// The calls that are to be carried out where they are made past the library that is loaded into the
// program: by a Go program, which is known to do so, or if that was asked for.
void supervise_beside_library(const std::string& program, RunOptions* options) {
  const bool go = is_go_program(program);
  if ((!options->supervise && !go) || options->fallback) return;
  options->refused = set_of(refused_calls());
  options->supervised = (options->block | options->refused) & ~set_of(deadly_calls());
  if (options->supervised.none()) return;
  options->falls_back_because =
      go ? go_program(program) : absl::StrCat("system calls that ", kPast);
}

// The calls that are to be carried out for a program without the library.
CallSet calls_to_supervise(const RunOptions& options) {
  CallSet calls = options.block | options.refused;
  if (options.needs_library()) calls.set();
  // A filter that ends the caller comes before one that asks.
  return calls & ~set_of(deadly_calls());
}

// Whether calls have to be seen that the library would not see, though it can be loaded.
bool past_library(const std::string& program, const RunOptions& options) {
  return options.needs_library() && !options.check.reuse && is_go_program(program);
}

// Where calls of a Go program have to be seen the library would be of no use to it: like a program
// that cannot load it, it is supervised, with all that it starts.
bool supervise_without_library(const std::string& program, RunOptions* options) {
  if (options->supervise || !past_library(program, *options)) return false;
  options->refused = set_of(refused_calls());
  options->supervised = calls_to_supervise(*options);
  options->preload = options->supervised.none();
  if (!options->preload) options->falls_back_because = go_program(program);
  return !options->preload;
}

// Nobody sees the calls of such a program if it is not supervised.
absl::Status unseen_with_fallback(const std::string& why, const RunOptions& options) {
  return absl::UnimplementedError(
      absl::StrCat(why, ", and with --fallback its calls are not seen: it cannot be combined with ",
                   options_that_see_calls(options)));
}

absl::Status pipes_unseen(const absl::Status& why) {
  return absl::Status(
      why.code(), absl::StrCat(why.message(), ", and pipes: has no effect on supervised programs"));
}

}  // namespace

absl::StatusOr<std::string> prepare(RunOptions* options) {
  absl::StatusOr<std::string> program = find_program(options->command[0]);
  if (!program.ok() || !options->preload) return program;
  set_environment(*options);
  const char* const list = getenv("LD_PRELOAD");
  const auto before = list != nullptr ? std::optional<std::string>(list) : std::nullopt;
  const absl::Status status = prepare_preload(*options, *program);
  if (status.ok()) {
    if (options->fallback && past_library(*program, *options)) {
      return unseen_with_fallback(go_program(*program), *options);
    }
    if (!supervise_without_library(*program, options)) {
      supervise_beside_library(*program, options);
      return program;
    }
    if (shapes_pipes(options->inject)) {
      return pipes_unseen(absl::UnimplementedError(options->falls_back_because));
    }
    options->library_instead = getenv("LD_PRELOAD");
    if (before) {
      setenv("LD_PRELOAD", before->c_str(), 1);
    } else {
      unsetenv("LD_PRELOAD");
    }
    return program;
  }
  const bool supervisable = absl::IsUnimplemented(status) || absl::IsUnavailable(status);
  if (!supervisable && !absl::IsOutOfRange(status)) return status;
  options->refused = set_of(refused_calls());
  if (options->check.reuse) {  // it needs the program's own memory
    return absl::Status(
        status.code(), absl::StrCat(status.message(), ", and supervised programs are not checked"));
  }
  if (supervisable && !options->fallback) options->supervised = calls_to_supervise(*options);
  if (options->fallback && options->needs_library()) {
    return unseen_with_fallback(std::string(status.message()), *options);
  }
  const bool unseen = options->supervised.none();
  if (unseen && options->cannot_do_without()) return status;
  if (shapes_pipes(options->inject)) return pipes_unseen(status);
  options->falls_back_because = std::string(status.message());
  if (unseen && options->stats) do_without_statistics(options);
  options->preload = false;
  return program;
}

void do_without_statistics(RunOptions* options) {
  options->stats = false;
  absl::StrAppend(&options->falls_back_because, ", so there are no statistics");
  if (options->quiet) say(options->falls_back_because.c_str());
}

int become(const RunOptions& options, const std::string& program) {
  if (options.block.any()) {
    if (auto status = block_calls(options.block, options.block_errno); !status.ok()) {
      return report(status);
    }
  }
  const bool falls_back = options.fallback || !options.falls_back_because.empty();
  if (options.preload || falls_back) {
    // The library need not find out by a call that perhaps ends the program, or that falls back.
    const std::string refused = refused_calls();
    if (refused.empty()) {
      unsetenv("ANYSPLICE_REFUSED");
    } else {
      setenv("ANYSPLICE_REFUSED", refused.c_str(), 1);
    }
    if (falls_back) {
      const auto status = fall_back(options.falls_back_because, refused, options.quiet);
      if (!status.ok()) return report(status);
    }
  }
  return execute(options, program);
}

int execute(const RunOptions& options, const std::string& program) {
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

}  // namespace anysplice::tools
