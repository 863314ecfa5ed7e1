#include "tools/refused_calls.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include "absl/strings/str_cat.h"
#include "core/policy/mode.h"
#include "tools/kernel_calls.h"

namespace anysplice::tools {
namespace {

// With arguments that move nothing.
ssize_t make(Call call) {
  switch (call) {
    case Call::kSplice:
      return kernel::splice(-1, nullptr, -1, nullptr, 0, 0);
    case Call::kTee:
      return kernel::tee(-1, -1, 0, 0);
    case Call::kVmsplice:
      return kernel::vmsplice(-1, nullptr, 0, 0);
    case Call::kSendfile:
      return kernel::sendfile(-1, -1, nullptr, 0);
  }
  return 0;
}

bool is_refused(Call call) {
  if (make(call) >= 0) return false;
  return errno == ENOSYS || errno == EPERM || (errno == EOPNOTSUPP && call == Call::kVmsplice);
}

// The refused ones of the calls from first to last, as bits; -1 if trying them ends the process.
int try_in_child(size_t first, size_t last) {
  const pid_t child = fork();
  if (child == 0) {
    const rlimit no_core{0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    int refused = 0;
    for (size_t i = first; i <= last; ++i) {
      if (is_refused(static_cast<Call>(i))) refused |= 1 << i;
    }
    _exit(refused);
  }
  int status = 0;
  while (child > 0 && waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (child < 0) return 0;  // nothing is known: the library finds out by itself
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

std::string names_of(int calls) {
  std::string names;
  for (size_t i = 0; i < kCalls; ++i) {
    if ((calls >> i & 1) != 0) absl::StrAppend(&names, names.empty() ? "" : ",", kCallNames[i]);
  }
  return names;
}

// Those for whose trial alone `found` is true.
int each(bool (*found)(int)) {
  int calls = 0;
  for (size_t i = 0; i < kCalls; ++i) {
    if (found(try_in_child(i, i))) calls |= 1 << i;
  }
  return calls;
}

}  // namespace

std::string refused_calls() {
  const int all = try_in_child(0, kCalls - 1);
  return names_of(all >= 0 ? all : each([](int refused) { return refused != 0; }));
}

std::string deadly_calls() {
  const bool none = try_in_child(0, kCalls - 1) >= 0;
  return none ? "" : names_of(each([](int refused) { return refused < 0; }));
}

}  // namespace anysplice::tools
