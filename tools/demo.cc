// `anysplice demo`: becomes a shell script that runs programs under this command.
#include <errno.h>
#include <unistd.h>

#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/commands.h"
#include "tools/library_path.h"
#include "tools/options.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr absl::string_view kHelp =
    R"(Usage: anysplice demo

Runs real programs with the kernel's splice, tee, vmsplice and sendfile refused,
without anysplice and with it, and tells who moved the bytes: those of fio, pv,
python3 and HAProxy that are installed. Needs no root.

  --help, --version

The exit status is 0 if everything was as it should be, or 1.
)";

constexpr OptionSpec kOptions[] = {{"--help"}, {"--version"}};

}  // namespace

absl::Span<const OptionSpec> demo_options() { return kOptions; }

int demo_command(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice demo", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  if (!parsed->rest.empty()) {
    return report(absl::InvalidArgumentError("demo takes no arguments"));
  }
  const std::string self = own_path();
  const std::string folder = self.substr(0, self.rfind('/'));
  const std::string paths[] = {
      absl::StrCat(folder, "/../" ANYSPLICE_RELATIVE_DATADIR "/anysplice/demo.sh"),
      absl::StrCat(folder, "/demo.sh"), absl::StrCat(folder, "/demo/demo.sh")};
  for (const std::string& path : paths) {
    if (access(path.c_str(), R_OK) != 0) continue;
    execl("/bin/sh", "sh", path.c_str(), self.c_str(), nullptr);
    return report(system_failure("cannot run /bin/sh", errno));
  }
  return report(absl::FailedPreconditionError(
      absl::StrCat("demo.sh not found; looked for ", absl::StrJoin(paths, ", "))));
}

}  // namespace anysplice::tools
