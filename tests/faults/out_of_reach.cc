#include "sites.h"

namespace faults {

const std::vector<OutOfReach> out_of_reach{
    {"ask_first.cc", "readv", 1,
     "ask_first::read() is called by the POSIX engine only; on Linux a read that must not wait is "
     "made by kernel_pipe.cc"},
    {"by_number.h", "syscall", 8,
     "the binding to a C library that lacks these names (musl); glibc has them, and its own are "
     "made to fail"},
    {"by_poll.cc", "poll", 1,
     "no scenario yet: a socket with notices in its error queue; the hazard "
     "notices_in_the_error_queue waits there"},
    {"deferral.cc", "sigpending", 1,
     "after a handler has jumped over the frame of another; the hazard own_copies does that"},
    {"endpoint_io.cc", "poll", 1,
     "no scenario yet: a TCP socket at an urgent mark; the fuzzer's urgent_then_closed passes it"},
    {"endpoint_io.cc", "recv", 1,
     "no scenario yet: an error of a TCP socket at an urgent mark; the fuzzer's urgent_error_stays "
     "passes it"},
    {"filling.cc", "poll", 1,
     "waits for a reader of another thread that comes between two looks, which is a matter of "
     "luck; the schedules have such readers"},
    {"losing_memory.cc", "poll", 1,
     "waits for a transfer of another thread; the hazard memory_gone has two"},
    {"refused_signals.cc", "pthread_sigmask", 1,
     "opens the number of a handler with SA_NODEFER that no thread may be sent; of no consequence"},
};

}  // namespace faults
