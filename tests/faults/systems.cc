#include "systems.h"

#include <errno.h>

namespace faults {

std::vector<System> systems() {
  using enum Function;
  using anysplice::Mode;
  return {
      {"rings", true, true, Mode::kEmulate, {}},
      {"no rings", false, true, Mode::kEmulate, {}},
      {"rings, no guarded copy", true, false, Mode::kEmulate, {}},
      {"no rings, no RWF_NOWAIT",
       false,
       false,
       Mode::kEmulate,
       {{preadv2, EOPNOTSUPP}, {pwritev2, EOPNOTSUPP}}},
      {"rings, no safe copy, filtered RWF_NOWAIT",
       true,
       false,
       Mode::kEmulate,
       {{process_vm_readv, ENOSYS},
        {process_vm_writev, ENOSYS},
        {preadv2, EPERM},
        {pwritev2, EPERM}}},
      {"rings, addresses first", true, true, Mode::kEmulate, {}, true},
      {"the kernel's calls", true, true, Mode::kAuto, {}},
      {"the kernel's calls refused",
       true,
       true,
       Mode::kAuto,
       {{splice, EPERM}, {tee, ENOSYS}, {vmsplice, ENOSYS}, {sendfile64, EPERM}}},
  };
}

}  // namespace faults
