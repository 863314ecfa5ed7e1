#include "core/telemetry/settle_reason.h"

namespace anysplice {

const char* const settle_reason_names[kSettleReasons] = {
    "wait",  "write",    "poll",       "epoll",   "watched", "sleeper", "fork",   "vfork",
    "exec",  "rights",   "privileges", "stdio",   "dprintf", "aio",     "flags",  "fcntl",
    "ioctl", "open",     "standard",   "resize",  "close",   "memory",  "unseen", "syscall",
    "raw",   "io_uring", "loader",     "unshare", "asked",   "exit",
};

}  // namespace anysplice
