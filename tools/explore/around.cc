#include "tools/explore/around.h"

#include <string.h>

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "core/inject/spec.h"
#include "tools/decisions.h"
#include "tools/errno_names.h"

namespace anysplice::tools {
namespace {

using inject::Entry;

constexpr size_t kBefore = 4;
constexpr size_t kAfter = 8;

bool same_thread(const Entry& a, const Entry& b) {
  return a.site.thread == b.site.thread && strcmp(a.site.process, b.site.process) == 0;
}

std::string result_of(const Entry& entry) {
  if (entry.result == Entry::kUnfinished) return "? (it did not return)";
  if (entry.result >= 0) return absl::StrCat(entry.result);
  return absl::StrCat("-1 ", errno_name(static_cast<int>(-entry.result)));
}

std::string line_of(const Entry& entry) {
  std::string line =
      absl::StrCat(kCallNames[static_cast<size_t>(entry.site.call)], " ", entry.site.number, ": ",
                   name_of_kinds(entry.in), "->", name_of_kinds(entry.out), ", ", entry.length,
                   " = ", result_of(entry));
  if (entry.decision.nothing()) return line;
  // "pv 0 splice 3 limit=17": what was done is behind the fourth blank.
  std::string done = format_decision(entry.site, entry.decision);
  for (int blank = 0; blank < 4; ++blank) done.erase(0, done.find(' ') + 1);
  return absl::StrCat(line, "   <- ", done);
}

}  // namespace

std::string name_of_kinds(inject::Kinds kinds) {
  for (size_t i = 0; i < inject::kKindNames; ++i) {
    if (kinds == 1u << i) return inject::kind_names[i];
  }
  return "closed";
}

std::vector<std::string> calls_around_fault(const std::vector<const Entry*>& entries) {
  const auto fault = std::find_if(entries.begin(), entries.end(),
                                  [](const Entry* entry) { return !entry->decision.nothing(); });
  std::vector<std::string> lines;
  if (fault == entries.end()) return lines;
  auto from = fault;
  while (from != entries.begin() && fault - from < static_cast<ptrdiff_t>(kBefore) &&
         same_thread(**(from - 1), **fault)) {
    --from;
  }
  for (auto at = from; at != entries.end() && same_thread(**at, **fault); ++at) {
    if (at - fault > static_cast<ptrdiff_t>(kAfter)) {
      lines.push_back("...");
      break;
    }
    lines.push_back(line_of(**at));
  }
  return lines;
}

}  // namespace anysplice::tools
