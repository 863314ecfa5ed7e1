// How the command reports that it cannot do what was asked: absl::Status inside, one line on stderr
// and an exit status outside, the same numbers as env(1) and timeout(1).
#ifndef ANYSPLICE_TOOLS_STATUS_H_
#define ANYSPLICE_TOOLS_STATUS_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace anysplice::tools {

inline constexpr int kExitUnusable = 1;     // doctor: anysplice cannot work here
inline constexpr int kExitOwnError = 125;   // wrong usage, or a program that cannot be helped
inline constexpr int kExitCannotRun = 126;  // the program exists but cannot be executed
inline constexpr int kExitNotFound = 127;   // there is no such program

// kNotFound and kPermissionDenied are reserved for the program to be run; every other failure is
// our own.
int exit_code(const absl::Status& status);

// Prints "anysplice: MESSAGE" on stderr and returns exit_code(status).
int report(const absl::Status& status);

// A failure of our own: "WHAT: strerror(error)".
absl::Status system_failure(absl::string_view what, int error);

// Prints on stdout; returns 0, or reports a stdout that does not take it.
int print(absl::string_view text);

}  // namespace anysplice::tools

#endif  // ANYSPLICE_TOOLS_STATUS_H_
