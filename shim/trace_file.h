// The file of the trace: opened once, on a high number, and never trusted to be still there. The
// program may close all numbers, or get ours for something else; before each write the number is
// looked at, and if it is no longer our file, the file is opened anew. Nothing is ever written to a
// file of the program's.
//
// To be used with signals blocked; thread-safe, shared between forked processes.
#ifndef ANYSPLICE_SHIM_TRACE_FILE_H_
#define ANYSPLICE_SHIM_TRACE_FILE_H_

#include <sys/uio.h>

namespace anysplice::shim::trace_file {

// An existing regular file of this user, no symbolic link: false if it is none, or the path is too
// long to be remembered.
bool open(const char* path);

// Appends all parts by one write. False if they did not get into the file.
bool write(const iovec* parts, int count);

}  // namespace anysplice::shim::trace_file

#endif  // ANYSPLICE_SHIM_TRACE_FILE_H_
