#include "tools/fallback.h"

#include <errno.h>

#include "absl/strings/str_cat.h"
#include "core/sys/say.h"
#include "tools/block.h"
#include "tools/refused_calls.h"

namespace anysplice::tools {

absl::Status fall_back(const std::string& why, const std::string& refused, bool quiet) {
  if (refused.empty()) {
    if (!quiet && !why.empty()) say(why.c_str(), "; nothing is refused here, and it runs without");
    return absl::OkStatus();
  }
  const absl::StatusOr<CallSet> calls = parse_calls(refused);
  if (!calls.ok()) return calls.status();
  // Of several filters that answer with an error the newest decides which (seccomp(2)).
  if (auto status = block_calls(*calls, EINVAL); !status.ok()) return status;
  if (quiet) return absl::OkStatus();
  const std::string of = why.empty() ? "what does not go through the C library" : why;
  const std::string deadly = deadly_calls();
  if (deadly.empty()) {
    say(of.c_str(), ": calls of ", refused.c_str(),
        " fail with EINVAL, after which most programs copy by themselves");
  } else {
    say(of.c_str(), ": a filter here ends whoever calls ", deadly.c_str(),
        ", which nothing can change");
  }
  return absl::OkStatus();
}

}  // namespace anysplice::tools
