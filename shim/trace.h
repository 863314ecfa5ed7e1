// ANYSPLICE_TRACE: the trace's file, and the object that makes its lines.
//
// Each is called once, at the start of the program, by the thread that loads it; not for signal
// handlers.
#ifndef ANYSPLICE_SHIM_TRACE_H_
#define ANYSPLICE_SHIM_TRACE_H_

namespace anysplice::shim {

// When this object is loaded: opens the file. Null options are none. False if there is no such
// file to be written to.
bool prepare_trace(const char* path, const char* options);

// Before main(), when libc can do anything: loads the object that makes the lines. What happened
// before that is counted as missed.
void start_trace();

}  // namespace anysplice::shim

#endif  // ANYSPLICE_SHIM_TRACE_H_
