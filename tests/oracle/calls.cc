#include "tests/oracle/calls.h"

#include <errno.h>
#include <stdlib.h>

#include <string_view>

#include "core/memory/fault_guard.h"
#include "core/memory/lasting_memory.h"
#include "core/policy/mode.h"
#include "tools/kernel_lacks.h"

namespace oracle {

namespace kernel = anysplice::tools::kernel;

const char* name_of(Side side) {
  switch (side) {
    case Side::kKernel:
      return "kernel";
    case Side::kRings:
      return "engine, rings on";
    case Side::kNoRings:
      return "engine, rings off";
  }
  return "?";
}

const Calls& take_side(Side side) {
  if (side == Side::kKernel) return anysplice::tools::kKernelCalls;
  const char* mode = getenv("ORACLE_MODE");
  anysplice::set_mode(mode != nullptr && std::string_view(mode) == "auto"
                          ? anysplice::Mode::kAuto
                          : anysplice::Mode::kEmulate,
                      ENOSYS);
  anysplice::let_files_be_copied(true);
  anysplice::allow_rings(side == Side::kRings);
  // As the preload object does; without, memory is copied as the library copies it.
  if (side == Side::kRings) {
    anysplice::fault_guard::allow();
    anysplice::lasting_memory::learn(true);
    anysplice::let_vmsplice_refer(true);
  }
  return anysplice::tools::kEngineCalls;
}

bool kernel_lacks(anysplice::Call call) {
  using anysplice::Call;
  static const int errors[anysplice::kCalls] = {
      kernel::lacks(Call::kSplice), kernel::lacks(Call::kTee), kernel::lacks(Call::kVmsplice),
      kernel::lacks(Call::kSendfile), kernel::lacks(Call::kCopyFileRange)};
  const int error = errors[static_cast<size_t>(call)];
  return error == ENOSYS || error == EPERM || error == EOPNOTSUPP;
}

}  // namespace oracle
