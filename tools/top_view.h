// What `anysplice top` shows: the difference between two looks at a block of counters, as lines.
#ifndef ANYSPLICE_TOOLS_TOP_VIEW_H_
#define ANYSPLICE_TOOLS_TOP_VIEW_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "core/telemetry/counters.h"

namespace anysplice::tools {

// The counters as they are now.
std::unique_ptr<Stats> copy_of(const Stats& stats);

// "0 B", "999 B", "1.2 KB", "35 MB": at most 6 characters. Seconds likewise: "850 ns", "1.2 us".
std::string short_bytes(double bytes);
std::string short_time(double nanoseconds);

struct TopLook {
  const Stats& before;
  const Stats& now;
  double seconds;  // between the two
  // The name of a process that is still there; empty for others.
  std::function<std::string(uint64_t pid)> name_of;
};

// Lines of at most `width` columns, at most `height` of them; what matters least is left out.
std::vector<std::string> top_lines(const TopLook& look, absl::string_view title, size_t width,
                                   size_t height);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_TOP_VIEW_H_
