#include "core/inject/profiles.h"

namespace anysplice::inject {

const Profile profiles[kProfiles] = {
    {"linux-2.6.16", "splice+tee+vmsplice:enosys"},
    {"gvisor", "vmsplice:enosys"},
    {"podman-3.0", "vmsplice:errno=EPERM"},
};

}  // namespace anysplice::inject
