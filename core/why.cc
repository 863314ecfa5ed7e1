#include "core/why.h"

namespace anysplice {

const char* const why_names[kWhys] = {
    "wait",   "write", "poll",    "epoll",  "watched", "sleeper",  "fork",    "vfork", "exec",
    "rights", "stdio", "dprintf", "aio",    "flags",   "fcntl",    "ioctl",   "open",  "standard",
    "resize", "close", "memory",  "unseen", "syscall", "io_uring", "unshare", "asked", "exit",
};

}  // namespace anysplice
