#include "tools/run_options.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "core/base/errno_names.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr OptionSpec kOptions[] = {
    {"--mode", Takes::kValue, "auto|emulate|native|absent"},
    {"--rings", Takes::kValue, "on|off"},
    {"--vmsplice", Takes::kValue, "reference|copy"},
    {"--copy-file-range", Takes::kValue, "kernel|emulate"},
    {"--block", Takes::kOptionalValue, "ERRNO"},
    {"--block-calls", Takes::kValue, "CALL,..."},
    {"--inject", Takes::kValue, "SPEC"},
    {"--as", Takes::kValue, "SYSTEM"},
    {"--check", Takes::kValue, "reuse,..."},
    {"--control"},
    {"--record", Takes::kValue, "FILE"},
    {"--replay", Takes::kValue, "FILE"},
    {"--stats", Takes::kOptionalValue, "FILE|json|json:FILE"},
    {"--no-preload"},
    {"--fallback"},
    {"--supervise"},
    {"--quiet"},
    {"--help"},
    {"--version"},
};

absl::Status set_mode_option(absl::string_view text, RunOptions* options) {
  Mode mode;
  int absent_errno = ENOSYS;
  options->mode = std::string(text);
  if (parse_mode(options->mode->c_str(), &mode, &absent_errno)) return absl::OkStatus();
  absl::string_view error = text;
  if (absl::ConsumePrefix(&error, "absent=")) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--mode=absent= takes an error name like EPERM or a number from 1 to 4095, not '", error,
        "'"));
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "unknown mode '", text, "'; the modes are auto, emulate, native, absent, absent=ERRNO"));
}

absl::Status set_rings(absl::string_view text, RunOptions* options) {
  options->rings = std::string(text);
  if (text == "on" || text == "off") return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("--rings is 'on' or 'off', not '", text, "'"));
}

absl::Status set_vmsplice(absl::string_view text, RunOptions* options) {
  options->vmsplice = std::string(text);
  bool refer;
  if (parse_vmsplice(options->vmsplice->c_str(), &refer)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--vmsplice is 'reference' or 'copy', not '", text, "'"));
}

absl::Status set_copy_file_range(absl::string_view text, RunOptions* options) {
  options->copy_file_range = std::string(text);
  bool copy;
  if (parse_copy_file_range(options->copy_file_range->c_str(), &copy)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("--copy-file-range is 'kernel' or 'emulate', not '", text, "'"));
}

absl::Status set_block_errno(absl::string_view text, RunOptions* options) {
  options->block_errno = parse_errno(std::string(text).c_str());
  if (options->block_errno != 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "--block takes an error name like EPERM or a number from 1 to 4095, not '", text, "'"));
}

// "", "FILE", "json" or "json:FILE".
absl::Status set_stats(std::optional<absl::string_view> value, RunOptions* options) {
  options->stats = true;
  absl::string_view file = value.value_or("");
  options->stats_json = file == "json" || absl::StartsWith(file, "json:");
  const bool named = value && file != "json";
  if (options->stats_json) file.remove_prefix(std::min<size_t>(file.size(), 5));
  options->stats_file = std::string(file);
  if (!named || !file.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError("after '--stats=' and '--stats=json:' a file name is needed");
}

absl::Status set_file(const Option& option, std::string* file) {
  *file = std::string(*option.value);
  if (!file->empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(option.name, "= needs a file name"));
}

absl::Status apply(const Option& option, RunOptions* options) {
  InjectOptions& inject = options->inject;
  if (option.name == "--inject") return add_spec(option.name, *option.value, &inject);
  if (option.name == "--as") {
    return add_spec(option.name, absl::StrCat("as=", *option.value), &inject);
  }
  if (option.name == "--check") return add_check(*option.value, &options->check);
  if (option.name == "--record") return set_file(option, &inject.record_file);
  if (option.name == "--replay") return set_file(option, &inject.replay_file);
  if (option.name == "--mode") return set_mode_option(*option.value, options);
  if (option.name == "--rings") return set_rings(*option.value, options);
  if (option.name == "--vmsplice") return set_vmsplice(*option.value, options);
  if (option.name == "--copy-file-range") return set_copy_file_range(*option.value, options);
  if (option.name == "--block") {
    if (options->block.none()) options->block = block_by_default();
    return option.value ? set_block_errno(*option.value, options) : absl::OkStatus();
  }
  if (option.name == "--block-calls") {
    const absl::StatusOr<CallSet> calls = parse_calls(*option.value);
    if (calls.ok()) options->block = *calls;
    return calls.status();
  }
  if (option.name == "--stats") return set_stats(option.value, options);
  inject.control |= option.name == "--control";
  options->preload &= option.name != "--no-preload";
  options->fallback |= option.name == "--fallback";
  options->supervise |= option.name == "--supervise";
  options->quiet |= option.name == "--quiet";
  options->help |= option.name == "--help";
  options->version |= option.name == "--version";
  return absl::OkStatus();
}

}  // namespace

absl::Span<const OptionSpec> run_options() { return kOptions; }

bool is_for_run_alone(const OptionSpec& option) {
  return option.name == "--stats" || option.name == "--no-preload" || option.name == "--control" ||
         option.name == "--record" || option.name == "--replay" || option.name == "--fallback" ||
         option.name == "--supervise" || option.name == "--quiet";
}

std::string options_that_see_calls(const RunOptions& options) {
  const InjectOptions& inject = options.inject;
  const std::vector<absl::string_view> rules = absl::StrSplit(inject.spec, ';', absl::SkipEmpty());
  const auto is_system = [](absl::string_view rule) { return absl::StartsWith(rule, "as="); };
  const std::pair<bool, absl::string_view> all[] = {
      {options.mode && *options.mode != "auto", "--mode"},
      {options.rings.has_value(), "--rings"},
      {options.vmsplice.has_value(), "--vmsplice"},
      {options.copy_file_range.has_value(), "--copy-file-range"},
      {!std::all_of(rules.begin(), rules.end(), is_system), "--inject"},
      {std::any_of(rules.begin(), rules.end(), is_system), "--as"},
      {inject.control, "--control"},
      {options.check.reuse, "--check"},
      {!inject.record_file.empty(), "--record"},
      {!inject.replay_file.empty(), "--replay"},
      {options.stats, "--stats"},
  };
  std::vector<absl::string_view> given;
  for (const auto& [is_given, name] : all) {
    if (is_given) given.push_back(name);
  }
  return absl::StrJoin(given, ", ");
}

const absl::string_view kRunHelp =
    R"(Usage: anysplice run [OPTION]... [--] PROGRAM [ARGUMENT]...

Runs PROGRAM. Where the system does not provide splice, tee, vmsplice and
sendfile, anysplice does. For a program that loads no shared library, or is for
a C library that there is no object for, this command carries them out; where it
cannot, calls that are refused fail with EINVAL, after which most programs copy
by themselves.

  --mode=MODE          who answers the calls:
                         auto           the kernel, and anysplice where the
                                        kernel refuses (the default)
                         emulate        always anysplice; for copy_file_range
                                        see below
                         native         always the kernel
                         absent[=ERRNO] nobody: they fail with ENOSYS or ERRNO
  --rings=on|off       whether pipes that only one process uses may be kept in
                       its memory (default on)
  --vmsplice=HOW       whether memory that is changed after vmsplice changes
                       what is in the pipe, as with the kernel: reference (the
                       default), or copy, which takes it at the call
  --copy-file-range=HOW
                       whether anysplice copies files itself where a program
                       calls copy_file_range: kernel (the default) or emulate
  --block[=ERRNO]      make the kernel's calls fail with ERRNO, a name or a
                       number (default ENOSYS), for the program and everything
                       that it starts
  --block-calls=CALLS  block only these calls, as in splice,tee; implies
                       --block; copy_file_range is blocked only if named here
  --inject=SPEC        make calls go wrong on purpose, as in
                         'splice:short=0.3,eagain=0.05;tee:errno=EINVAL@3'
                       see anysplice-inject(7)
  --as=SYSTEM          imitate another system, such as gvisor
  --control            let 'anysplice inject' change that while PROGRAM runs
  --check=reuse        report memory that is changed or unmapped while it is in
                       a pipe; allow=FUNCTION or allow=OBJECT+OFFSET, after a
                       comma, excuses what is called from there; json[=FILE]
                       reports as JSON. Exit status 1 if something was found
  --record=FILE        record in FILE what was injected at which call
  --replay=FILE        inject exactly that again
  --stats[=FILE]       when the program has ended, print the counters to
                       stderr or FILE
  --stats=json[:FILE]  the same as JSON
  --no-preload         run without anysplice, to see what --block alone does
  --supervise          also carry out refused calls that do not go through the C
                       library; always done for Go programs
  --fallback           let refused calls that do not go through the C library
                       (as those of Go with cgo) fail with EINVAL, too
  --quiet              do not tell about that, nor that this command carries out
                       the program's calls
  --help, --version

The exit status is that of the program; if a signal ended it, the same signal
ends this command. It is 125 if anysplice fails or cannot help this program,
126 if the program cannot be executed, and 127 if it is not found. See
anysplice(1).
)";

absl::StatusOr<RunOptions> parse_run_options(absl::Span<char* const> words, const OwnOptions* own) {
  std::vector<OptionSpec> known(std::begin(kOptions), std::end(kOptions));
  if (own != nullptr) {
    known.erase(std::remove_if(known.begin(), known.end(), is_for_run_alone), known.end());
    known.insert(known.begin(), own->known.begin(), own->known.end());
  }
  const absl::StatusOr<ParsedWords> parsed =
      parse_words(own != nullptr ? own->command : "anysplice run", words, known);
  if (!parsed.ok()) return parsed.status();
  RunOptions options;
  options.command = parsed->rest;
  options.watched = own != nullptr;
  for (const Option& option : parsed->options) {
    const bool is_own = own != nullptr && std::any_of(own->known.begin(), own->known.end(),
                                                      [&](const OptionSpec& spec) {
                                                        return spec.name == option.name;
                                                      });
    if (auto status = is_own ? own->apply(option) : apply(option, &options); !status.ok()) {
      return status;
    }
  }
  if (options.help || options.version) return options;
  if (options.check.reuse && (options.rings == "off" || options.mode == "native" ||
                              (options.mode && absl::StartsWith(*options.mode, "absent")))) {
    return absl::InvalidArgumentError(
        "--check=reuse looks at what anysplice has in its own memory; it needs --rings=on, and "
        "--mode=emulate or auto");
  }
  if (own != nullptr) return options;
  if (!options.preload && (options.mode || options.needs_library())) {
    return absl::InvalidArgumentError(
        "--mode, --rings, --vmsplice, --copy-file-range, --stats, --inject, --as, --control, "
        "--check, --record and "
        "--replay need the library; they cannot be combined with --no-preload");
  }
  if (options.inject.control && options.inject.journaled()) {
    return absl::InvalidArgumentError(
        "--control changes the rules while the program runs; it cannot be combined with --record "
        "or --replay");
  }
  if (options.supervise && (!options.preload || options.fallback)) {
    return absl::InvalidArgumentError(
        "--supervise cannot be combined with --no-preload or --fallback");
  }
  if (options.command.empty()) {
    return absl::InvalidArgumentError("no program given; try 'anysplice run --help'");
  }
  return options;
}

std::optional<RunOptions> begin_command(absl::Span<char* const> words, absl::string_view help,
                                        const OwnOptions* own, int* status) {
  absl::StatusOr<RunOptions> options = parse_run_options(words, own);
  if (options.ok() && !options->help && !options->version) return *std::move(options);
  *status = !options.ok()   ? report(options.status())
            : options->help ? print(help)
                            : print_version();
  return std::nullopt;
}

}  // namespace anysplice::tools
