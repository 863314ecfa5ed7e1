#include "tools/fallback.h"

#include <errno.h>

#include "absl/strings/str_cat.h"
#include "core/sys/say.h"
#include "tools/block.h"
#include "tools/in_child.h"
#include "tools/refused_calls.h"

namespace anysplice::tools {

absl::Status fall_back(const std::string& why, const std::string& refused, bool quiet) {
  if (refused.empty()) {
    if (!quiet && !why.empty())
      say(why.c_str(), "; nothing is refused here, so it runs without anysplice");
    return absl::OkStatus();
  }
  const std::string deadly = deadly_calls();
  const absl::StatusOr<CallSet> of_filter = deadly.empty() ? CallSet() : parse_calls(deadly);
  absl::StatusOr<CallSet> calls = parse_calls(refused);
  if (!calls.ok() || !of_filter.ok()) return calls.status();
  *calls &= ~*of_filter;
  // Of several filters that answer with an error the newest decides which (seccomp(2)); but there
  // may be one that ends whoever asks for a further one.
  const auto block = [&calls] { return block_calls(*calls, EINVAL); };
  const bool possible =
      calls->none() || (in_child([&] { return block().ok() ? 0 : 1; }) != -1 && block().ok());
  if (quiet) return absl::OkStatus();
  const std::string of = why.empty() ? "what does not go through the C library" : why;
  if (!deadly.empty()) {
    say(of.c_str(), ": a filter here ends whoever calls ", names_of(*of_filter, ", ").c_str(),
        ", which nothing can change");
  }
  if (!possible) {
    say(of.c_str(), ": a filter here allows no other; refused calls fail as it says");
  } else if (calls->any()) {
    say(of.c_str(), ": calls of ", names_of(*calls, ", ").c_str(),
        " fail with EINVAL, after which most programs copy by themselves");
  }
  return absl::OkStatus();
}

}  // namespace anysplice::tools
