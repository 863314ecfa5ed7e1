#include "core/inject/profiles.h"

namespace anysplice::inject {
namespace {

// What several of them have in common.
#define NO_COPY "copy_file_range:enosys;"
#define TARGETS_BUT_SOCKETS "pipe|file|tty|proc|device|other"
#define SENDFILE_TO_SOCKETS_ONLY "sendfile(any->" TARGETS_BUT_SOCKETS "):errno=EINVAL;"
#define SENDFILE_FROM_FILES_ONLY "sendfile(socket|tty->any):errno=EINVAL;"

}  // namespace

const Profile profiles[kProfiles] = {
    {"linux-2.6.16", NO_COPY
     "splice+tee+vmsplice:enosys;" SENDFILE_TO_SOCKETS_ONLY SENDFILE_FROM_FILES_ONLY "pipes:fixed"},
    {"linux-2.6.17",
     NO_COPY "splice(pipe->pipe):errno=EINVAL;" SENDFILE_TO_SOCKETS_ONLY SENDFILE_FROM_FILES_ONLY
             "pipes:fixed"},
    {"linux-2.6.31", NO_COPY SENDFILE_TO_SOCKETS_ONLY SENDFILE_FROM_FILES_ONLY "pipes:fixed"},
    {"linux-4.9", SENDFILE_FROM_FILES_ONLY},
    {"linux-5.10",
     SENDFILE_FROM_FILES_ONLY "splice(proc|tty->pipe):errno=EINVAL;splice(pipe->tty):errno=EINVAL;"
                              "sendfile(proc->any):errno=EINVAL;sendfile(any->tty):errno=EINVAL"},
    {"linux-5.12", "splice(proc->pipe):errno=EINVAL;sendfile(proc->any):errno=EINVAL"},
    {"linux-next-2026", "vmsplice(memory->pipe):errno=EOPNOTSUPP"},
    {"linux-copy", "pipes:copy"},
    {"zfs-2.0", "splice(file->pipe):errno=EINVAL;sendfile(file->any):errno=EINVAL"},
    {"gvisor", "vmsplice:enosys;sendfile(socket|tty|device->any):errno=EINVAL"},
    {"podman-3.0", "vmsplice:errno=EPERM"},
    {"pipe-limit", "pipes:capacity=4096"},
};

#undef NO_COPY
#undef TARGETS_BUT_SOCKETS
#undef SENDFILE_TO_SOCKETS_ONLY
#undef SENDFILE_FROM_FILES_ONLY

}  // namespace anysplice::inject
