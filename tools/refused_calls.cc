#include "tools/refused_calls.h"

#include <errno.h>

#include "core/policy/mode.h"
#include "tools/block.h"
#include "tools/in_child.h"
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
    case Call::kCopyFileRange:
      return kernel::copy_file_range(-1, nullptr, -1, nullptr, 0, 0);
  }
  return 0;
}

// A kernel that has the call moves nothing, or looks at the descriptors or addresses; any other
// error, a filter chose.
bool is_refused(Call call) {
  if (make(call) >= 0) return false;
  // Kernels before 4.5 and gVisor do not have it, which those who call it expect.
  if (call == Call::kCopyFileRange && errno == ENOSYS) return false;
  return errno != EBADF && errno != EINVAL && errno != EFAULT;
}

// The refused ones of the calls from first to last, as bits; -1 if trying them ends the process.
// Where that cannot be found out, none: the library does by itself.
int try_in_child(size_t first, size_t last) {
  return in_child([=] {
           int refused = 0;
           for (size_t i = first; i <= last; ++i) {
             if (is_refused(static_cast<Call>(i))) refused |= 1 << i;
           }
           return refused;
         })
      .value_or(0);
}

// Those for whose trial alone `found` is true.
CallSet each(bool (*found)(int)) {
  CallSet calls;
  for (size_t i = 0; i < kCalls; ++i) calls.set(i, found(try_in_child(i, i)));
  return calls;
}

}  // namespace

std::string refused_calls() {
  const int all = try_in_child(0, kCalls - 1);
  if (all >= 0) return names_of(CallSet(static_cast<unsigned>(all)));
  return names_of(each([](int refused) { return refused != 0; }));
}

std::string deadly_calls() {
  const bool none = try_in_child(0, kCalls - 1) >= 0;
  return none ? "" : names_of(each([](int refused) { return refused < 0; }));
}

}  // namespace anysplice::tools
