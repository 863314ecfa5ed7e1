// `anysplice conform`: becomes splice-conform, perhaps under another command or with the engine.
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "tools/commands.h"
#include "tools/leave_preload.h"
#include "tools/library_path.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice conform [OPTION]... [OPTION OF splice-conform]...

Compares splice, tee, vmsplice, sendfile and copy_file_range of this system, or
of another one that a command provides, with what Linux does, in thousands of
cases.

  --under=COMMAND   run the cases under this command, as a shell takes it:
                    'runsc do', 'qemu-x86_64'
  --engine[=MODE]   the cases on anysplice itself, in mode emulate or auto, with
                    the kernel's calls refused; compared with Linux 6.18, which
                    it imitates; its known differences are the baseline
  --help, --version

All other options are those of splice-conform, among them --only, --skip,
--summary, --junit, --baseline and --expect: see 'splice-conform --help'.

The exit status is 0 if nothing differs but what is known, 1 if something does,
2 if the options are wrong, and 125 to 127 if it cannot be started.
)";

// The shell takes the command apart, once, and then looks for it: what exec would say of one that
// is not there has the text of this script in it.
constexpr absl::string_view kBefore = R"(start() {
  command -v "$1" >/dev/null && exec "$@"
  echo "anysplice: --under: there is no '$1'" >&2
  exit 127
}
start )";

// Parsed below, as all others are passed on.
constexpr OptionSpec kOptions[] = {{"--under", Takes::kValue, "COMMAND"},
                                   {"--engine", Takes::kOptionalValue, "emulate|auto"},
                                   {"--help"},
                                   {"--version"}};

struct ConformOptions {
  bool help = false;
  bool version = false;
  std::string under;
  std::string engine;  // the mode; empty: without
  std::vector<std::string> others;
};

absl::StatusOr<ConformOptions> parse(absl::Span<char* const> words) {
  ConformOptions options;
  for (size_t i = 0; i < words.size(); ++i) {
    absl::string_view word = words[i];
    if (word == "--help") {
      options.help = true;
    } else if (word == "--version") {
      options.version = true;
    } else if (word == "--engine") {
      options.engine = "emulate";
    } else if (absl::ConsumePrefix(&word, "--engine=")) {
      options.engine = std::string(word);
    } else if (word == "--under" || absl::ConsumePrefix(&word, "--under=")) {
      if (word == "--under") word = i + 1 < words.size() ? words[++i] : "";
      if (word.empty()) return absl::InvalidArgumentError("--under needs a command");
      options.under = std::string(word);
    } else {
      options.others.emplace_back(word);
    }
  }
  if (!options.engine.empty() && options.engine != "emulate" && options.engine != "auto") {
    return absl::InvalidArgumentError(
        absl::StrCat("--engine takes emulate or auto, not '", options.engine, "'"));
  }
  if (!options.engine.empty() && !options.under.empty()) {
    return absl::InvalidArgumentError("--engine and --under exclude each other");
  }
  return options;
}

// Beside this executable, as in the build tree, or where it is installed below the same prefix: in
// that folder, with a slash behind it, seen from this executable's.
absl::StatusOr<std::string> find(absl::string_view name, absl::string_view installed) {
  const std::string self = own_path();
  const std::string folder = self.substr(0, self.rfind('/'));
  const std::string paths[] = {absl::StrCat(folder, "/conform/", name),
                               absl::StrCat(folder, "/", installed, name)};
  for (const std::string& path : paths) {
    if (access(path.c_str(), R_OK) == 0) return path;
  }
  const std::string build = folder.substr(0, folder.rfind('/'));
  if (access((build + "/build.ninja").c_str(), R_OK) == 0) {
    return absl::FailedPreconditionError(absl::StrCat(name, " is not built; 'ninja -C ", build,
                                                      " tools/conform/", name, "' does that"));
  }
  return absl::FailedPreconditionError(
      absl::StrCat(name, " not found; looked for ", absl::StrJoin(paths, ", ")));
}

absl::StatusOr<std::vector<std::string>> command_of(const ConformOptions& options) {
  std::vector<std::string> command;
  if (!options.engine.empty()) {
    const auto program =
        find("splice-conform-dynamic", "../" ANYSPLICE_RELATIVE_LIBDIR "/anysplice/");
    if (!program.ok()) return program.status();
    const auto known = find("engine.known", "../" ANYSPLICE_RELATIVE_DATADIR "/anysplice/expect/");
    if (!known.ok()) return known.status();
    command = {own_path(),
               "run",
               absl::StrCat("--mode=", options.engine),
               "--copy-file-range=emulate",
               "--block-calls=splice,tee,vmsplice,sendfile,copy_file_range",
               "--",
               *program,
               "--expect=linux-6.18",
               absl::StrCat("--baseline=", *known)};
  } else {
    const auto program = find("splice-conform", "");
    if (!program.ok()) return program.status();
    if (!options.under.empty()) {
      command = {"/bin/sh", "-c", absl::StrCat(kBefore, options.under, " \"$@\""),
                 "anysplice: --under"};
    }
    command.push_back(*program);
  }
  command.insert(command.end(), options.others.begin(), options.others.end());
  return command;
}

}  // namespace

absl::Span<const OptionSpec> conform_options() { return kOptions; }

int conform_command(absl::Span<char* const> words) {
  leave_preload("conform", words);
  const absl::StatusOr<ConformOptions> options = parse(words);
  if (!options.ok()) return report(options.status());
  if (options->help) return print(kHelp);
  if (options->version) return print_version();
  absl::StatusOr<std::vector<std::string>> command = command_of(*options);
  if (!command.ok()) return report(command.status());
  std::vector<char*> argv;
  for (std::string& word : *command) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(argv[0], argv.data());
  return report(system_failure(absl::StrCat("cannot run ", argv[0]), errno));
}

}  // namespace anysplice::tools
