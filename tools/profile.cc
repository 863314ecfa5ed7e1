// `anysplice profile`: prints what switches the kernel's calls off for a service or a container,
// and keeps it working.
#include "tools/profile.h"

#include <sys/stat.h>

#include <fstream>
#include <iterator>
#include <optional>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "core/sys/say.h"
#include "tools/commands.h"
#include "tools/library_path.h"
#include "tools/options.h"
#include "tools/preload_list.h"
#include "tools/status.h"

namespace anysplice::tools {
namespace {

constexpr OptionSpec kOptions[] = {{"--systemd", Takes::kValue, "UNIT"},
                                   {"--oci"},
                                   {"--docker"},
                                   {"--sendfile"},
                                   {"--io-uring"},
                                   {"--base", Takes::kValue, "FILE"},
                                   {"--library", Takes::kValue, "PATH"},
                                   {"--help"},
                                   {"--version"}};

constexpr absl::string_view kHelp =
    R"(Usage: anysplice profile --systemd=UNIT | --oci | --docker [OPTION]...

Prints, ready to paste, what makes the kernel refuse splice, tee and vmsplice to
a service or a container, which then has them from anysplice.

  --systemd=UNIT       a drop-in for a service
  --oci                a seccomp profile (JSON) for docker, podman and runc
  --docker             lines for a Dockerfile; they need that profile too

  --sendfile           refuse sendfile too
  --io-uring           refuse io_uring too, which can splice as well
  --base=FILE          with --oci: change this profile, such as the default one
                       of your container engine; without it, the profile allows
                       everything else
  --library=PATH       where the library will be; by default where it is now
  --help, --version

docs/harden.md says what this protects against, and what not.
)";

// A path that stays when the library is updated.
std::string lasting_name(const std::string& path) {
  const size_t version = path.rfind(".so.0.");
  if (version == std::string::npos) return path;
  const std::string shorter = path.substr(0, version + 5);
  struct stat one, other;
  const bool same = stat(path.c_str(), &one) == 0 && stat(shorter.c_str(), &other) == 0 &&
                    one.st_dev == other.st_dev && one.st_ino == other.st_ino;
  return same ? shorter : path;
}

absl::StatusOr<std::string> library_path(const ParsedWords& words) {
  std::string path;
  for (const Option& option : words.options) {
    if (option.name == "--library") path = std::string(*option.value);
  }
  if (path.empty()) {
    const absl::StatusOr<std::string> found = find_library();
    if (!found.ok()) return found.status();
    path = lasting_name(*found);
  } else if (path[0] != '/') {
    return absl::InvalidArgumentError("--library takes an absolute path");
  }
  if (const auto status = with_library("", path); !status.ok()) return status.status();
  return path;
}

absl::StatusOr<std::string> contents_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (text.empty()) {
    return absl::InvalidArgumentError(absl::StrCat("cannot read '", path, "', or it is empty"));
  }
  return text;
}

// What services often do not see.
void warn_of_place(const std::string& library) {
  for (const char* folder : {"/home/", "/root/", "/run/user/", "/tmp/", "/var/tmp/"}) {
    if (!absl::StartsWith(library, folder)) continue;
    say("the library is below ", folder,
        ", which ProtectHome= or PrivateTmp= may hide from the service; install it elsewhere");
  }
}

absl::StatusOr<std::string> make(const ParsedWords& words) {
  std::optional<std::string> unit, base;
  for (const Option& option : words.options) {
    if (option.name == "--systemd") unit = std::string(*option.value);
    if (option.name == "--base") base = std::string(*option.value);
  }
  const bool oci = words.has("--oci"), docker = words.has("--docker");
  if (!words.rest.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("profile takes no argument, but was given '", words.rest[0], "'"));
  }
  if (unit.has_value() + oci + docker != 1) {
    return absl::InvalidArgumentError("give one of --systemd=UNIT, --oci, --docker");
  }
  if (base && !oci) return absl::InvalidArgumentError("--base is for --oci only");

  Profile profile;
  profile.calls.set();
  profile.calls.set(static_cast<size_t>(Call::kSendfile), words.has("--sendfile"));
  profile.calls.reset(static_cast<size_t>(Call::kCopyFileRange));  // has no pages of others
  profile.io_uring = words.has("--io-uring");
  if (oci) {
    if (!base) {
      say("this profile allows everything but these calls, more than the default of docker and "
          "podman; for a change of theirs use --base=FILE");
      return as_seccomp(profile, "");
    }
    const absl::StatusOr<std::string> text = contents_of(*base);
    if (!text.ok()) return text.status();
    const absl::StatusOr<std::string> made = as_seccomp(profile, *text);
    if (made.ok()) return made;
    return absl::InvalidArgumentError(absl::StrCat(*base, ": ", made.status().message()));
  }
  absl::StatusOr<std::string> library = library_path(words);
  if (!library.ok()) return library.status();
  profile.library = *std::move(library);
  if (docker) return as_dockerfile(profile);
  warn_of_place(profile.library);
  return as_drop_in(profile, *unit);
}

}  // namespace

absl::Span<const OptionSpec> profile_options() { return kOptions; }

int profile_command(absl::Span<char* const> words) {
  const absl::StatusOr<ParsedWords> parsed = parse_words("anysplice profile", words, kOptions);
  if (!parsed.ok()) return report(parsed.status());
  if (parsed->has("--help")) return print(kHelp);
  if (parsed->has("--version")) return print_version();
  const absl::StatusOr<std::string> text = make(*parsed);
  return text.ok() ? print(*text) : report(text.status());
}

}  // namespace anysplice::tools
