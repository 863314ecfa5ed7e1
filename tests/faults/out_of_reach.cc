#include "sites.h"

namespace faults {

const std::vector<OutOfReach> out_of_reach{
    {"ask_first.cc", "readv", 1,
     "ask_first::read() is called by the POSIX engine only; on Linux a read that must not wait is "
     "made by kernel_pipe.cc"},
    {"by_number.h", "syscall", 7,
     "the binding to a C library that lacks these names (musl); glibc has them, and its own are "
     "made to fail"},
    {"deferral.cc", "sigaction", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"deferral.cc", "pthread_sigmask", 5,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"deferral.h", "poll", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"descriptor_control.cc", "ioctl", 1,
     "no scenario yet; it is passed by the hazards and the oracle"},
    {"endpoint_io.cc", "writev", 3, "no scenario yet; it is passed by the hazards and the oracle"},
    {"exposure.cc", "fcntl", 1, "no scenario yet; it is passed by the hazards and the oracle"},
    {"fault_guard.cc", "pthread_sigmask", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"fault_guard.cc", "raise", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"kernel_pipe.cc", "munmap", 1, "no scenario yet; it is passed by the hazards and the oracle"},
    {"losing_memory.cc", "poll", 1,
     "waits for a transfer of another thread; the hazard memory_gone has two"},
    {"memory.cc", "munmap", 2, "no scenario yet; it is passed by the hazards and the oracle"},
    {"memory.cc", "mmap", 1, "no scenario yet; it is passed by the hazards and the oracle"},
    {"poll.cc", "poll", 1, "no scenario yet; it is passed by the hazards and the oracle"},
    {"poll.cc", "ppoll", 1, "no scenario yet; it is passed by the hazards and the oracle"},
    {"signal_actions.cc", "sigaction", 2,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"signal_actions.cc", "syscall", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"signal_actions.cc", "pthread_sigmask", 3,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"signal_actions.cc", "getpid", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"thread.cc", "syscall", 2,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"thread.cc", "getpid", 1,
     "no scenario yet: handlers that are put off, or installed, have no part in these scenarios; "
     "the "
     "hazards handlers, signals and cancel run them"},
    {"vfork_child.cc", "getpid", 1, "no scenario yet; it is passed by the hazards and the oracle"},
};

}  // namespace faults
