// `anysplice doctor`: what this system offers, and what anysplice does about it.
#include "tools/doctor.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "tools/commands.h"
#include "tools/leave_preload.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr OptionSpec kOptions[] = {{"--json"}, {"--help"}, {"--version"}};

constexpr absl::string_view kHelp =
    R"(Usage: anysplice doctor [OPTION]...

Tries splice, tee, vmsplice, sendfile and copy_file_range on every kind of
descriptor. Prints what the kernel answers, and who moves the bytes under
anysplice: the kernel or the engine. Where both give an error, that is the
correct answer to the call.

  --json               print one JSON object
  --help, --version

The exit status is 0, or 1 if the library is not found or cannot be loaded, or
125 on wrong usage. To see the report for a system without the calls:
  anysplice run --no-preload --block -- anysplice doctor
)";

}  // namespace

absl::Span<const OptionSpec> doctor_options() { return kOptions; }

int doctor_command(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice doctor", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  if (!parsed->rest.empty()) {
    return report(absl::InvalidArgumentError(
        absl::StrCat("doctor takes no argument, but was given '", parsed->rest[0], "'")));
  }
  leave_preload("doctor", words);
  const Report findings = examine();
  const int status = print(parsed->has("--json") ? as_json(findings) : as_table(findings));
  if (status != 0) return status;
  return findings.system.library.problem.empty() ? 0 : kExitUnusable;
}

}  // namespace anysplice::tools
