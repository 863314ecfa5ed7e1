// The program that this process runs.
//
// Thread-safe, but the environment is the program's own, which may change it at any time.
// Async-signal-safe.
#ifndef ANYSPLICE_CORE_SYS_PROGRAM_H_
#define ANYSPLICE_CORE_SYS_PROGRAM_H_

namespace anysplice {

// Whether it has more privileges than its user. Async-signal-safe, and right before libc is
// initialized.
bool runs_privileged();

// The name it was called by, once libc is initialized.
const char* program_name();

// Its environment, once libc is initialized.
char** program_environment();

}  // namespace anysplice

#endif  // ANYSPLICE_CORE_SYS_PROGRAM_H_
