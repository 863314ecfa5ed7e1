#include "tools/supervisor/run_program.h"

#include "tools/launch.h"
#include "tools/supervisor/agreement.h"

namespace anysplice::tools {

absl::StatusOr<int> run_program(const RunOptions& options, const std::string& program,
                                std::optional<Tick> tick, bool* seen) {
  if (options.supervised.none()) {
    return run_child([&] { return become(options, program); }, tick);
  }
  absl::StatusOr<Agreement> agreement = Agreement::prepare();
  if (!agreement.ok()) return agreement.status();
  const auto supervise = [&](pid_t child) { agreement->supervise(options, program, child); };
  const absl::StatusOr<int> status = run_child(
      [&] { return agreement->become_supervised(options, program); }, tick, Started(supervise));
  const bool were_seen = agreement->end();
  if (seen != nullptr) *seen = were_seen;
  return status;
}

}  // namespace anysplice::tools
