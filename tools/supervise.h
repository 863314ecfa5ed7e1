// Running a program as a child, as if it were this process.
#ifndef ANYSPLICE_TOOLS_SUPERVISE_H_
#define ANYSPLICE_TOOLS_SUPERVISE_H_

#include <chrono>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"

namespace anysplice::tools {

// What is done again and again while the child runs.
struct Tick {
  std::chrono::duration<double> interval;
  absl::FunctionRef<void()> action;
};

// What is done once, when the child has been made, beside it.
using Started = absl::FunctionRef<void(pid_t child)>;

// Forks; the child runs `child` and exits with what it returns, should it return. Waits for its end
// and returns its wait status. Meanwhile signals sent to this process are passed on, and stopping
// the child from the terminal stops this process with it. Signal handling of the child is as it was
// at the call.
absl::StatusOr<int> run_child(absl::FunctionRef<int()> child,
                              std::optional<Tick> tick = std::nullopt,
                              std::optional<Started> started = std::nullopt);

// Ends this process the way the child ended: with its exit status, or by its signal, but without
// a second core dump.
[[noreturn]] void end_like(int wait_status);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_SUPERVISE_H_
