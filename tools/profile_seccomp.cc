// Profiles for container engines, after the OCI's runtime specification ("linux.seccomp"), which
// docker's and podman's files extend.
#include <errno.h>
#include <seccomp.h>

#include <nlohmann/json.hpp>

#include "absl/algorithm/container.h"
#include "tools/profile.h"

namespace anysplice::tools {
namespace {

using Json = nlohmann::ordered_json;

// This processor's ABI and those that its kernel may serve besides: a call by another ABI would end
// the process.
std::vector<std::string> architectures() {
  switch (seccomp_arch_native()) {
    case SCMP_ARCH_X86_64:
      return {"SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"};
    case SCMP_ARCH_AARCH64:
      return {"SCMP_ARCH_AARCH64", "SCMP_ARCH_ARM"};
    case SCMP_ARCH_S390X:
      return {"SCMP_ARCH_S390X", "SCMP_ARCH_S390"};
    case SCMP_ARCH_X86:
      return {"SCMP_ARCH_X86"};
    case SCMP_ARCH_ARM:
      return {"SCMP_ARCH_ARM"};
    case SCMP_ARCH_PPC64LE:
      return {"SCMP_ARCH_PPC64LE"};
    case SCMP_ARCH_RISCV64:
      return {"SCMP_ARCH_RISCV64"};
    default:
      return {};  // the runtime's own
  }
}

bool is_profile(const Json& base) {
  if (!base.is_object() || !base.contains("defaultAction")) return false;
  if (!base["defaultAction"].is_string()) return false;
  if (!base.contains("syscalls")) return true;
  const Json& rules = base["syscalls"];
  return rules.is_array() && absl::c_all_of(rules, [](const Json& rule) {
           return rule.is_object() &&
                  (rule.contains("names") ? rule["names"].is_array() : rule.contains("name"));
         });
}

// Takes the calls out of all rules; a rule that is left without any goes.
void forget(const std::vector<std::string>& calls, Json* rules) {
  const auto is_one = [&calls](const Json& name) {
    return name.is_string() && absl::c_linear_search(calls, name.get<std::string>());
  };
  Json left = Json::array();
  for (Json& rule : *rules) {
    if (!rule.contains("names")) {  // of old
      if (!is_one(rule["name"])) left.push_back(rule);
      continue;
    }
    Json names = Json::array();
    for (const Json& name : rule["names"]) {
      if (!is_one(name)) names.push_back(name);
    }
    rule["names"] = names;
    if (!names.empty()) left.push_back(rule);
  }
  *rules = left;
}

// Whether calls without a rule fail with ENOSYS: runtimes refuse a rule that says no more than the
// default. EPERM (docker's) is another: fewer programs fall back on it.
bool lacks_by_default(const Json& profile) {
  return profile["defaultAction"] == "SCMP_ACT_ERRNO" &&
         profile.value("defaultErrnoRet", Json(EPERM)) == ENOSYS;
}

}  // namespace

absl::StatusOr<std::string> as_seccomp(const Profile& profile, absl::string_view base) {
  const std::vector<std::string> calls = profile.system_calls();
  Json json;
  if (base.empty()) {
    json["defaultAction"] = "SCMP_ACT_ALLOW";
    if (const auto all = architectures(); !all.empty()) json["architectures"] = all;
  } else {
    json = Json::parse(base, nullptr, false);
    if (!is_profile(json)) {
      return absl::InvalidArgumentError("not a seccomp profile of a container engine");
    }
  }
  Json& rules = json["syscalls"];
  if (rules.is_null()) rules = Json::array();
  forget(calls, &rules);
  if (!lacks_by_default(json)) {
    rules.push_back({{"names", calls}, {"action", "SCMP_ACT_ERRNO"}, {"errnoRet", ENOSYS}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace anysplice::tools
