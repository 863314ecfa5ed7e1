// ANYSPLICE_CHECK: what the check has to know of the program's stack and its objects.
//
// Called once, at the start of the program, by the thread that loads it; not for signal handlers.
// What it hands to the check is async-signal-safe, and takes no lock.
#ifndef ANYSPLICE_SHIM_BACKTRACE_H_
#define ANYSPLICE_SHIM_BACKTRACE_H_

namespace anysplice::shim {

// Before main(), when libc can load another library: prepares the walk along the stack, if there is
// a check. The calls before that have no stack in a report.
void start_backtrace();

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_BACKTRACE_H_
