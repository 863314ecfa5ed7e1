// Facts about the system that need no descriptor kinds: kernel, limits, and whether the library
// really loads into a program.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/doctor.h"
#include "tools/library_path.h"
#include "tools/preload_list.h"
#include "tools/program.h"
#include "tools/stats_file.h"

namespace anysplice::tools {
namespace {

constexpr unsigned kSeconds = 10;

std::string kernel_name() {
  utsname name;
  if (uname(&name) != 0) return "unknown";
  return absl::StrCat(name.sysname, " ", name.release, " ", name.machine);
}

std::optional<uint64_t> read_pipe_max_size() {
  const int fd = open("/proc/sys/fs/pipe-max-size", O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::nullopt;
  absl::Cleanup shut = [fd] { close(fd); };
  char text[32];
  const ssize_t n = read(fd, text, sizeof(text));
  uint64_t value;
  if (n <= 0 || !absl::SimpleAtoi(absl::string_view(text, static_cast<size_t>(n)), &value)) {
    return std::nullopt;
  }
  return value;
}

// Whether an empty blocking pipe can be read without waiting.
bool can_read_pipe_without_waiting() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return false;
  absl::Cleanup shut = [&ends] {
    close(ends[0]);
    close(ends[1]);
  };
  char byte;
  const iovec segment = {&byte, 1};
  return preadv2(ends[0], &segment, 1, -1, RWF_NOWAIT) < 0 && errno == EAGAIN;
}

// A harmless program that loads libraries: `anysplice --version`, or the system's shell.
std::string harmless_program() { return is_static_command() ? "/bin/sh" : own_path(); }

// Becomes that program with the library preloaded and all output going to `output`.
[[noreturn]] void become_preloaded(const std::string& program, const std::string& preload,
                                   const std::string& counters, int output) {
  alarm(kSeconds);
  dup2(output, STDOUT_FILENO);
  dup2(output, STDERR_FILENO);
  setenv("LD_PRELOAD", preload.c_str(), 1);
  setenv("ANYSPLICE_STATS", counters.c_str(), 1);
  if (is_static_command()) execl(program.c_str(), "sh", "-c", ":", nullptr);
  execl(program.c_str(), "anysplice", "--version", nullptr);
  _exit(errno);
}

std::string first_line_of(int fd) {
  char text[1024] = {};
  pollfd ready = {fd, POLLIN, 0};
  if (poll(&ready, 1, kSeconds * 1000) <= 0) return "";
  if (read(fd, text, sizeof(text) - 1) < 0) return "";
  return std::string(text, strcspn(text, "\n"));
}

// Preloads the library into a harmless program and looks whether it reported there.
std::string loading_problem(const std::string& program, const std::string& library) {
  const auto preload = with_library("", library);
  if (!preload.ok()) return std::string(preload.status().message());
  if (const auto possible = check_preloadable(program, library, false); !possible.ok()) {
    return std::string(possible.message());
  }
  const auto counters = StatsFile::create();
  int output[2];
  if (!counters.ok()) return std::string(counters.status().message());
  if (program.empty() || pipe2(output, O_CLOEXEC) != 0) return "cannot be tried here";
  absl::Cleanup shut = [&output] { close(output[0]); };

  const pid_t child = fork();
  if (child == 0) become_preloaded(program, *preload, (*counters)->path(), output[1]);
  close(output[1]);
  const std::string said = first_line_of(output[0]);
  int status = 0;
  if (child < 0 || TEMP_FAILURE_RETRY(waitpid(child, &status, 0)) != child) {
    return "cannot be tried here";
  }
  if (WIFSIGNALED(status)) {
    return absl::StrCat("a program with it preloaded ends with signal ", WTERMSIG(status));
  }
  if ((*counters)->stats().processes == 0) return absl::StrCat("does not load: ", said);
  return "";
}

LibraryFacts examine_library() {
  const std::string program = harmless_program();
  const auto path = find_library(libc_of(program));
  if (!path.ok()) return {"", std::string(path.status().message())};
  return {*path, loading_problem(program, *path)};
}

}  // namespace

SystemFacts examine_system() {
  SystemFacts facts;
  facts.kernel = kernel_name();
  facts.proc_mounted = access("/proc/self/fd", F_OK) == 0;
  facts.pipe_max_size = read_pipe_max_size();
  facts.rwf_nowait_on_pipes = can_read_pipe_without_waiting();
  facts.library = examine_library();
  return facts;
}

}  // namespace anysplice::tools
