// The drop-in and the lines for a Dockerfile.
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "tools/profile.h"

namespace anysplice::tools {
namespace {

absl::StatusOr<std::string> service_name(absl::string_view unit) {
  for (const char c : unit) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) &&
        !absl::StrContains(":-_.\\@", absl::string_view(&c, 1))) {
      return absl::InvalidArgumentError(absl::StrCat("'", unit, "' is not the name of a service"));
    }
  }
  for (const absl::string_view other : {".socket", ".timer", ".target", ".mount", ".slice"}) {
    if (absl::EndsWith(unit, other)) {
      return absl::InvalidArgumentError(absl::StrCat("'", unit, "' is not a service"));
    }
  }
  if (unit.empty()) return absl::InvalidArgumentError("--systemd needs the name of a service");
  return absl::StrCat(unit, absl::EndsWith(unit, ".service") ? "" : ".service");
}

// As a value of Environment=, where % begins a specifier.
std::string in_quotes(absl::string_view text) {
  return absl::StrCat(
      "\"", absl::StrReplaceAll(text, {{"\\", "\\\\"}, {"\"", "\\\""}, {"%", "%%"}}), "\"");
}

}  // namespace

std::vector<std::string> Profile::system_calls() const {
  std::vector<std::string> names;
  for (size_t i = 0; i < kCalls; ++i) {
    if (calls.test(i)) names.emplace_back(kCallNames[i]);
  }
  if (calls.test(static_cast<size_t>(Call::kSendfile))) names.emplace_back("sendfile64");
  if (io_uring) {
    for (const char* what : {"setup", "enter", "register"}) {
      names.push_back(absl::StrCat("io_uring_", what));
    }
  }
  return names;
}

absl::StatusOr<std::string> as_drop_in(const Profile& profile, absl::string_view unit) {
  const absl::StatusOr<std::string> service = service_name(unit);
  if (!service.ok()) return service.status();
  const auto refuse = [](std::string* out, const std::string& name) {
    absl::StrAppend(out, name, ":ENOSYS");
  };
  return absl::StrCat(
      "# /etc/systemd/system/", *service, ".d/50-anysplice.conf; then:\n",
      "#   systemctl daemon-reload && systemctl restart ", *service, "\n",
      "# If the unit preloads something already, write both: our path, a space, the other.\n",
      "[Service]\n",                                                            //
      "Environment=", in_quotes(absl::StrCat("LD_PRELOAD=", profile.library)),  //
      "\nEnvironment=ANYSPLICE_REFUSED=", names_of(profile.calls),              //
      "\nSystemCallFilter=~", absl::StrJoin(profile.system_calls(), " ", refuse), "\n");
}

std::string as_dockerfile(const Profile& profile) {
  constexpr absl::string_view kTarget = "/usr/local/lib/libanysplice.so.0";
  return absl::StrCat(
      "# At the end, since what follows runs with the library. First, beside the Dockerfile:\n",
      "#   cp -L ", profile.library, " libanysplice.so.0\n",  //
      "COPY libanysplice.so.0 ", kTarget, "\n",               //
      "ENV LD_PRELOAD=", kTarget, "\n",                       //
      "ENV ANYSPLICE_REFUSED=", names_of(profile.calls), "\n",
      "# The image cannot bring the filter; `anysplice profile --oci` prints it:\n",
      "#   docker run --security-opt seccomp=FILE --security-opt no-new-privileges ...\n");
}

}  // namespace anysplice::tools
