#include "sites.h"

namespace faults {

const std::vector<OutOfReach> out_of_reach{
    {"ask_first.cc", "readv", 1,
     "ask_first::read() is called by the POSIX engine only; on Linux a read that must not wait is "
     "made by kernel_pipe.cc"},
    {"by_number.h", "syscall", 8,
     "the binding to a C library that lacks these names (musl); glibc has them, and its own are "
     "made to fail"},
    {"endpoint_io.cc", "poll", 1,
     "no scenario yet: a TCP socket at an urgent mark; the fuzzer's urgent_then_closed passes it"},
    {"endpoint_io.cc", "recv", 1,
     "no scenario yet: an error of a TCP socket at an urgent mark; the fuzzer's urgent_error_stays "
     "passes it"},
    {"losing_memory.cc", "poll", 1,
     "waits for a transfer of another thread; the hazard memory_gone has two"},
};

}  // namespace faults
