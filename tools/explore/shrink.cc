#include "tools/explore/shrink.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "core/inject/replay.h"
#include "tools/errno_names.h"

namespace anysplice::tools {
namespace {

using Faults = std::vector<std::string>;

std::string action_of(const inject::Decision& decision) {
  if (decision.error != 0) return absl::StrCat("errno=", errno_name(decision.error));
  return absl::StrCat("limit=", decision.limit);
}

}  // namespace

absl::StatusOr<Faults> fewest_faults(
    Faults faults, absl::FunctionRef<absl::StatusOr<bool>(const Faults&)> still_happens) {
  for (size_t parts = 2; faults.size() > 1;) {
    const size_t size = (faults.size() + parts - 1) / parts;
    bool smaller = false;
    for (size_t at = 0; at < faults.size() && !smaller; at += size) {
      Faults rest = faults;
      const auto from = rest.begin() + static_cast<ptrdiff_t>(at);
      rest.erase(from, from + static_cast<ptrdiff_t>(std::min(size, faults.size() - at)));
      if (rest.empty()) continue;
      const absl::StatusOr<bool> happens = still_happens(rest);
      if (absl::IsResourceExhausted(happens.status())) return faults;
      if (!happens.ok()) return happens.status();
      if (!*happens) continue;
      faults = rest;
      parts = std::max<size_t>(parts - 1, 2);
      smaller = true;
    }
    if (smaller) continue;
    if (size == 1) break;
    parts = std::min(parts * 2, faults.size());
  }
  return faults;
}

std::string spec_of_faults(const Faults& faults) {
  std::vector<std::string> items;
  if (faults.size() > inject::kMaxRules) return "";
  for (const std::string& line : faults) {
    inject::Site site;
    inject::Decision decision;
    if (!inject::parse_decision(line.data(), line.size(), &site, &decision) || decision.zero ||
        decision.delay != 0 || std::string_view(site.process).find('#') != std::string_view::npos) {
      return "";
    }
    items.push_back(absl::StrCat(kCallNames[static_cast<size_t>(site.call)], ":",
                                 action_of(decision), "@", site.number, "@thread=", site.thread,
                                 "@process=", site.process));
  }
  return absl::StrJoin(items, ";");
}

}  // namespace anysplice::tools
